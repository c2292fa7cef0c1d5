//! The proxies between.

use super::{
    super::{
        proxy::{Proxy, ProxyKind, ProxyOptions},
        *,
    },
    *,
};

fn through(url: &str) -> Client {
    builder()
        .proxy(reqwest::Proxy::all(url).unwrap())
        .build()
        .unwrap()
}

fn start_proxy(kind: ProxyKind, password: bool) -> Proxy {
    let options = ProxyOptions::new(kind);
    Proxy::start(if password {
        options.password("us er", "p@ss:word")
    } else {
        options
    })
    .unwrap()
}

#[tokio::test]
async fn a_call_goes_through_its_proxy_and_nowhere_else() {
    for kind in [ProxyKind::Http, ProxyKind::Socks5] {
        for password in [false, true] {
            let standin = start();
            let proxy = start_proxy(kind, password);
            let client = through(&proxy.url());
            let mut live = account(&standin).refresh_token;
            for _ in 0..2 {
                live = token(&refresh(&client, &standin, &live).await.1);
            }
            let stats = proxy.stats();
            assert_eq!(stats.targets.len(), 1);
            assert!(stats.targets.contains_key(&standin.address().to_string()));
            assert_eq!(stats.denied, 0);
            assert!(stats.requests >= 1 && stats.connections >= 1);
            assert!(standin.calls().iter().all(|call| proxy.carried(call.peer)));

            refresh(&super::client(), &standin, &live).await;
            let direct = standin.calls().pop().unwrap();
            assert!(!proxy.carried(direct.peer));
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_denied() {
    for kind in [ProxyKind::Http, ProxyKind::Socks5] {
        let standin = start();
        let proxy = start_proxy(kind, true);
        let token = account(&standin).refresh_token;
        let wrong = proxy.url().replace("p%40ss", "pass");
        for url in [wrong, proxy.url().replace("us%20er:p%40ss%3Aword@", "")] {
            let answer = send(&through(&url), &standin, &token).await;
            match kind {
                ProxyKind::Http => assert_eq!(answer.unwrap().status(), 407),
                ProxyKind::Socks5 => assert!(answer.is_err()),
            }
        }
        assert_eq!(proxy.stats().denied, 2);
        assert_eq!(standin.stats().connections, 0);
    }
}

#[tokio::test]
async fn a_proxy_can_refuse() {
    let standin = start();
    let token = account(&standin).refresh_token;
    let proxy = start_proxy(ProxyKind::Http, false);
    let client = through(&proxy.url());
    for status in [407, 502] {
        proxy.refuse(Some(status));
        let response = send(&client, &standin, &token).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
    }
    proxy.refuse(None);
    assert_eq!(proxy.stats().refused, 2);
    assert_eq!(standin.stats().connections, 0);
    assert_eq!(refresh(&client, &standin, &token).await.0, 200);

    let socks = start_proxy(ProxyKind::Socks5, false);
    socks.refuse(Some(502));
    assert!(
        send(&through(&socks.url()), &standin, &token)
            .await
            .is_err()
    );
    assert_eq!(socks.stats().refused, 1);
}

#[tokio::test]
async fn connect_opens_a_tunnel() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let proxy = start_proxy(ProxyKind::Http, false);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let target = standin.address();
    let connect = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n");
    stream.write_all(connect.as_bytes()).await.unwrap();
    let granted = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let mut answer = vec![0; granted.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, granted);
    stream.write_all(&raw_request(&first)).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"));
    assert!(proxy.carried(standin.calls()[0].peer));
}

#[tokio::test]
async fn faults_come_through_a_proxy_as_they_are() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let proxy = start_proxy(ProxyKind::Http, false);
    standin.set_fault(Fault::delivery(Delivery::Cut {
        at_byte: 400,
        reset: true,
    }));
    let response = send(&through(&proxy.url()), &standin, &first).await;
    let read = match response {
        Ok(response) => response.bytes().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(read.is_err());
}
