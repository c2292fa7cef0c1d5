//! The SOCKS5 proxy (RFC 1928, RFC 1929).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Shared, tunnel};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const GRANTED: u8 = 0;
const CONNECTION_REFUSED: u8 = 5;
const COMMAND_NOT_SUPPORTED: u8 = 7;

pub(super) async fn serve(shared: &Shared, mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    if client.read_u8().await? != VERSION {
        return Ok(());
    }
    let methods = read_short(&mut client).await?;
    let method = match &shared.credentials {
        _ if shared.inner().0 == Some(407) => NO_ACCEPTABLE_METHOD,
        Some(_) if methods.contains(&USER_AND_PASSWORD) => USER_AND_PASSWORD,
        None if methods.contains(&NO_AUTHENTICATION) => NO_AUTHENTICATION,
        _ => NO_ACCEPTABLE_METHOD,
    };
    // Counted before it is told: who is told may look at once.
    if method == NO_ACCEPTABLE_METHOD {
        shared.denied();
    }
    client.write_all(&[VERSION, method]).await?;
    if method == NO_ACCEPTABLE_METHOD {
        return Ok(());
    }
    if let Some((user, password)) = &shared.credentials {
        let _version = client.read_u8().await?;
        let given = (
            read_short(&mut client).await?,
            read_short(&mut client).await?,
        );
        let good = given.0 == user.as_bytes() && given.1 == password.as_bytes();
        if !good {
            shared.denied();
        }
        client.write_all(&[1, u8::from(!good)]).await?;
        if !good {
            return Ok(());
        }
    }
    let [_version, command, _reserved, kind] = client.read_u32().await?.to_be_bytes();
    let host = match kind {
        1 => Ipv4Addr::from(client.read_u32().await?).to_string(),
        4 => format!("[{}]", Ipv6Addr::from(client.read_u128().await?)),
        _ => String::from_utf8_lossy(&read_short(&mut client).await?).into_owned(),
    };
    let target = format!("{host}:{}", client.read_u16().await?);
    let refused = shared.request(&target).is_some();
    if command != 1 {
        return reply(&mut client, COMMAND_NOT_SUPPORTED).await;
    }
    if refused {
        return reply(&mut client, CONNECTION_REFUSED).await;
    }
    let Ok(upstream) = shared.connect(&target).await else {
        return reply(&mut client, CONNECTION_REFUSED).await;
    };
    reply(&mut client, GRANTED).await?;
    tunnel(client, upstream).await
}

/// A length byte and that many bytes.
async fn read_short(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn reply(client: &mut TcpStream, code: u8) -> io::Result<()> {
    client
        .write_all(&[VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
}
