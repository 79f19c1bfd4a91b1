//! GPX 1.0 and 1.1, reading and writing. Knows XML only through `xml`.

mod element;
mod read;
mod routes;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;
