//! Takes a file in: the bytes first, then the line that says so. It knows no service's rules.

use std::io;

use crate::{
    clock::stamp,
    control::Upload,
    endpoint::ServiceName,
    form::{FilePart, Parts},
    recording::Format,
    state::{Shared, State},
};

/// A file that was sent and found good.
pub(crate) struct Arrival<'a> {
    pub(crate) service: ServiceName,
    pub(crate) account: &'a str,
    pub(crate) parts: &'a Parts,
    pub(crate) file: &'a FilePart,
    pub(crate) format: Format,
    /// The id of its activity.
    pub(crate) id: u64,
    /// The activity was there before.
    pub(crate) existing: bool,
}

/// Keeps a file that was sent; gives the SHA-256 of its bytes.
pub(crate) fn take_in(
    shared: &Shared,
    state: &mut State,
    arrival: &Arrival<'_>,
) -> io::Result<String> {
    let sha256 = shared.keep_bytes(state, &arrival.file.bytes)?;
    let upload = Upload {
        n: state.uploads.len() as u64,
        service: arrival.service,
        account: arrival.account.to_owned(),
        sha256: sha256.clone(),
        size: arrival.file.bytes.len() as u64,
        file_name: arrival.file.name.clone(),
        format: arrival.format.name().to_owned(),
        fields: arrival.parts.fields.iter().cloned().collect(),
        activity_id: arrival.id,
        existing: arrival.existing,
        at: stamp(shared.now_ms(state)),
    };
    state.uploads.push(upload);
    Ok(sha256)
}
