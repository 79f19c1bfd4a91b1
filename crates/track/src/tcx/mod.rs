//! Training Center XML v2 with ActivityExtension v2, reading and writing. Knows XML only through `xml`.

mod current;
mod element;
mod lost;
mod plan;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;
