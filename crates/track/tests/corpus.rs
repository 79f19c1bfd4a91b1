//! Every recording of the shared corpus against what independent readers say of it, and every damaged one against what we
//! promise. Says so loudly where the corpus is missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is missing"
)]

#[path = "corpus/damaged.rs"]
mod damaged;
#[path = "corpus/fit.rs"]
mod fit;
#[path = "proof/corpus.rs"]
#[allow(dead_code, reason = "each test uses its part of what they share")]
mod recordings;
#[path = "corpus/xml.rs"]
mod xml;
