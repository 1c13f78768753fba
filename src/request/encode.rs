//! Bodies for Python: JSON and forms of plain values, written as its standard library writes them.

use std::fmt::Write;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

/// Documents nested deeper than this are for Python, which has a limit of its own.
const DEEPEST: usize = 100;

/// `value` as `json.dumps` writes it, or with `nan=False` as `json.dumps(…, allow_nan=False)` does; None where it holds
/// anything but plain dicts with texts for keys, lists, tuples, texts, numbers, booleans and None, or is an error.
#[pyfunction]
#[pyo3(signature = (value, /, *, nan))]
pub fn dump_json(value: &Bound<'_, PyAny>, nan: bool) -> PyResult<Option<String>> {
    let mut writer = Json {
        out: String::with_capacity(128),
        nan,
    };
    Ok(writer.value(value, 0)?.then_some(writer.out))
}

/// A form body, as `urllib.parse.urlencode` writes it; None where `data` holds anything but plain texts and numbers under
/// plain texts, or nothing.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub fn encode_form(data: &Bound<'_, PyDict>) -> PyResult<Option<String>> {
    let mut pairs = Vec::with_capacity(data.len());
    for (name, value) in data {
        let Ok(name) = name.cast_into_exact::<PyString>() else {
            return Ok(None);
        };
        let value = match value.cast_into_exact::<PyString>() {
            Ok(text) => text,
            Err(other) => {
                let value = other.into_inner();
                if !value.is_exact_instance_of::<PyInt>()
                    && !value.is_exact_instance_of::<PyFloat>()
                {
                    return Ok(None);
                }
                value.str()?
            }
        };
        pairs.push((name, value));
    }
    // Lone surrogates are an error, in urllib's words.
    let texts: Option<Vec<(&str, &str)>> = pairs
        .iter()
        .map(|(name, value)| Some((name.to_str().ok()?, value.to_str().ok()?)))
        .collect();
    Ok(texts
        .filter(|texts| !texts.is_empty())
        .map(|texts| engine::http::encode_form(&texts)))
}

struct Json {
    out: String,
    nan: bool,
}

impl Json {
    /// False, and what has been written is of no use, where the value is for Python.
    fn value(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<bool> {
        if depth > DEEPEST {
            return Ok(false);
        }
        if let Ok(text) = value.cast_exact::<PyString>() {
            return Ok(self.text(text));
        }
        if value.is_none() {
            self.out.push_str("null");
        } else if let Ok(flag) = value.cast_exact::<PyBool>() {
            self.out
                .push_str(if flag.is_true() { "true" } else { "false" });
        } else if value.is_exact_instance_of::<PyInt>() {
            match value.extract::<i64>() {
                Ok(number) => drop(write!(self.out, "{number}")),
                Err(_) => match value.repr() {
                    Ok(digits) => self.out.push_str(digits.to_str()?),
                    Err(_) => return Ok(false), // more digits than Python cares to write
                },
            }
        } else if let Ok(number) = value.cast_exact::<PyFloat>() {
            return self.number(number);
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            return self.dict(dict, depth);
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            return self.list(list.iter(), depth);
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return self.list(tuple.iter(), depth);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn number(&mut self, number: &Bound<'_, PyFloat>) -> PyResult<bool> {
        let value = number.value();
        if value.is_finite() {
            self.out.push_str(number.repr()?.to_str()?);
        } else if self.nan {
            self.out.push_str(match value {
                _ if value.is_nan() => "NaN",
                f64::INFINITY => "Infinity",
                _ => "-Infinity",
            });
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>, depth: usize) -> PyResult<bool> {
        self.out.push('{');
        let begin = self.out.len();
        for (key, value) in dict {
            if self.out.len() > begin {
                self.out.push_str(", ");
            }
            let Ok(key) = key.cast_exact::<PyString>() else {
                return Ok(false);
            };
            if !self.text(key) {
                return Ok(false);
            }
            self.out.push_str(": ");
            if !self.value(&value, depth + 1)? {
                return Ok(false);
            }
        }
        self.out.push('}');
        Ok(true)
    }

    fn list<'py>(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> PyResult<bool> {
        self.out.push('[');
        let begin = self.out.len();
        for item in items {
            if self.out.len() > begin {
                self.out.push_str(", ");
            }
            if !self.value(&item, depth + 1)? {
                return Ok(false);
            }
        }
        self.out.push(']');
        Ok(true)
    }

    /// All but printable ASCII is escaped; lone surrogates, of which Python makes escapes, are for Python.
    fn text(&mut self, text: &Bound<'_, PyString>) -> bool {
        let Ok(text) = text.to_str() else {
            return false;
        };
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| !(' '..='~').contains(&c) || c == '"' || c == '\\')
        {
            self.out.push_str(&rest[..at]);
            let mut after = rest[at..].chars();
            if let Some(character) = after.next() {
                self.escaped(character);
            }
            rest = after.as_str();
        }
        self.out.push_str(rest);
        self.out.push('"');
        true
    }

    fn escaped(&mut self, character: char) {
        let short = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{c}' => "\\f",
            '\u{8}' => "\\b",
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Into a String nothing fails.
                    let _ = write!(self.out, "\\u{unit:04x}");
                }
                return;
            }
        };
        self.out.push_str(short);
    }
}
