//! A browser of few means: one connection, cookies, forms; no redirects unless asked for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub struct Browser {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    pub cookies: BTreeMap<String, String>,
}

pub struct Page {
    pub status: u16,
    /// Names as sent, values with all the blanks after the colon.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Browser {
    pub fn new(address: SocketAddr) -> Browser {
        Browser {
            address,
            connection: None,
            cookies: BTreeMap::new(),
        }
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, &[], "")
    }

    /// Posts a form with the token the cookie holds.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.cookies.get("csrftoken").cloned().unwrap_or_default();
        let mut fields = fields.to_vec();
        fields.push(("csrfmiddlewaretoken", &token));
        self.send("POST", path, &[FORM], &encoded(&fields))
    }

    /// Posts a form with the token of the page it is on.
    pub fn submit(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut fields = fields.to_vec();
        fields.push(("csrfmiddlewaretoken", page.token()));
        self.send("POST", path, &[FORM], &encoded(&fields))
    }

    /// Posts as the shop's script does, with the token in the header.
    pub fn ajax(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.cookies.get("csrftoken").cloned().unwrap_or_default();
        let headers = [
            FORM,
            ("X-Requested-With", "XMLHttpRequest"),
            ("X-CSRFToken", &token),
        ];
        self.send("POST", path, &headers, &encoded(fields))
    }

    pub fn follow(&mut self, path: &str) -> Page {
        let mut page = self.get(path);
        while page.status == 302 {
            page = self.get(page.location());
        }
        page
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        self.try_send(method, path, headers, body)
            .expect("an answer")
    }

    pub fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Page> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        if !body.is_empty() || method == "POST" {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let result = self.exchange(request.as_bytes());
        if result.is_err() {
            self.connection = None;
        }
        let page = result?;
        for (_, cookie) in page.headers.iter().filter(|(name, _)| name == "Set-Cookie") {
            let (name, value) = cookie
                .trim()
                .split(';')
                .next()
                .unwrap()
                .split_once('=')
                .unwrap();
            if cookie.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(page)
    }

    fn exchange(&mut self, request: &[u8]) -> std::io::Result<Page> {
        if self.connection.is_none() {
            let stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            self.connection = Some(BufReader::new(stream));
        }
        let connection = self.connection.as_mut().unwrap();
        connection.get_mut().write_all(request)?;
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            connection.read_line(&mut line)?;
            let line = line.trim_end_matches(['\r', '\n']);
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "Content-Length");
        let mut body = vec![0; length.map_or(0, |(_, value)| value.trim().parse().unwrap())];
        connection.read_exact(&mut body)?;
        Ok(Page {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// Whether the server has closed the connection after the last answer.
    pub fn was_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.connection
            .take()
            .unwrap()
            .read_to_end(&mut rest)
            .unwrap();
        rest.is_empty()
    }
}

pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.trim())
    }

    pub fn location(&self) -> &str {
        self.header("Location").unwrap_or_default()
    }

    /// Names of the cookies set, in order; a deleted one has a minus sign.
    pub fn cookies(&self) -> Vec<String> {
        let set = self.headers.iter().filter(|(name, _)| name == "Set-Cookie");
        set.map(|(_, value)| {
            let name = value.trim().split('=').next().unwrap();
            if value.contains("Max-Age=0;") {
                format!("-{name}")
            } else {
                name.to_owned()
            }
        })
        .collect()
    }

    /// The first hidden token.
    pub fn token(&self) -> &str {
        let start = "<input type='hidden' name='csrfmiddlewaretoken' value='";
        let at = self.body.find(start).expect("a token on the page") + start.len();
        &self.body[at..at + 64]
    }

    pub fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}
