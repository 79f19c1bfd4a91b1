//! FIT, read and written by our own code: one pass over the bytes into columns, from one table of messages and fields.

mod assemble;
mod chain;
mod channels;
mod columns;
mod crc;
mod developer;
mod facts;
mod heart;
mod layout;
mod load;
mod names;
mod pass;
mod pauses;
mod profile;
mod records;
mod row;
mod rows;
mod summaries;
mod waiting;
mod write;

pub(crate) use facts::EPOCH_S;
pub(crate) use write::write;

use std::borrow::Cow;

use layout::Want;

use crate::{Format, ReadError, Reading, Summary};

/// Reads a FIT file: each part of a chain that is an activity is one track. A damaged file gives what it still holds.
///
/// # Errors
/// When not one message could be read.
pub(crate) fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let chain = chain::read(bytes, Want::Everything)?;
    if !chain.complete && chain.parts.iter().all(|part| part.facts.messages == 0) {
        return Err(ReadError::CutOff);
    }
    let (tracks, mut skipped) = assemble::tracks(chain.parts);
    skipped.extend(chain.skipped);
    let kind = tracks.first().map(|track| track.kind).unwrap_or_default();
    Ok(Reading {
        format: Format::Fit,
        kind,
        complete: chain.complete,
        tracks,
        skipped,
    })
}

/// What a list shows of a file, by a pass that loads only that; `None` where it takes a full reading to say it: of damaged
/// files, and of those that do not state their own sums.
pub(crate) fn summaries(bytes: &[u8]) -> Option<Vec<Summary>> {
    let chain = chain::read(bytes, Want::Summary).ok()?;
    let sound = chain.complete && chain.skipped.is_empty();
    let stated = |part: &assemble::Part| part.skipped.is_empty() && part.facts.states_its_sums();
    if !sound || !chain.parts.iter().all(stated) {
        return None;
    }
    assemble::summaries(chain.parts)
}

/// Each part of a chain by itself, with a header that fits it whatever the file's own says: for other readers.
///
/// # Errors
/// When there is no header at all.
pub(crate) fn sequences(bytes: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, ReadError> {
    let parts = chain::read(bytes, Want::Everything)?.parts;
    Ok(parts
        .iter()
        .filter_map(|part| chain::sequence(bytes, part))
        .collect())
}
