//! Where the parts of an answer are, counted in the bytes that travel.

/// The bytes of an answer as they travel.
pub(super) struct Wire(pub(super) Vec<u8>);

impl Wire {
    fn text(&self) -> String {
        String::from_utf8(self.0.clone()).unwrap()
    }

    pub(super) fn head(&self) -> usize {
        self.text().find("\r\n\r\n").unwrap() + 4
    }

    /// Where each byte of the body travels.
    fn body(&self) -> Vec<(usize, u8)> {
        let (text, mut at) = (self.text(), self.head());
        if !text[..at].contains("chunked") {
            return (at..).zip(self.0[at..].iter().copied()).collect();
        }
        let mut body = Vec::new();
        loop {
            let line = text[at..].split("\r\n").next().unwrap();
            let length = usize::from_str_radix(line, 16).unwrap();
            at += line.len() + 2;
            if length == 0 {
                return body;
            }
            body.extend((at..at + length).map(|at| (at, self.0[at])));
            at += length + 2;
        }
    }

    /// So many bytes must arrive for this part of the body to be whole.
    pub(super) fn end_of(&self, part: &str) -> usize {
        let body = self.body();
        let text: Vec<u8> = body.iter().map(|(_, byte)| *byte).collect();
        let text = String::from_utf8(text).unwrap();
        let end = text.find(part).unwrap() + part.len();
        body[end - 1].0 + 1
    }

    /// So many bytes must arrive for the value of this field to be whole.
    pub(super) fn end_of_text(&self, field: &str) -> usize {
        let body: String = self
            .body()
            .iter()
            .map(|(_, byte)| char::from(*byte))
            .collect();
        let start = body.find(&format!("\"{field}\":\"")).unwrap();
        let value = &body[start..];
        let length = field.len() + 4 + value[field.len() + 4..].find('"').unwrap() + 1;
        self.end_of(&value[..length])
    }

    /// So many bytes must arrive for the object to be whole.
    pub(super) fn end_of_object(&self) -> usize {
        self.body().last().unwrap().0 + 1
    }
}
