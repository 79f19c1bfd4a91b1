//! `uploadActivity` of Map My Tracks: one file a call, answered at once, the same bytes known again.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use serde_json::json;

use super::{ACTIVITY_TYPES, SERVICE, account, refused};
use crate::{
    answer::{json_answer, page},
    form::{FilePart, Parts},
    intake::{Arrival, take_in},
    recording::{Format, glance},
    state::{Shared, sha256},
};

const FUNCTION: &str = "uploadActivity";

/// `POST /api3/uploadActivity`
pub(super) async fn upload(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let account = match account(&shared, request.headers()) {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let Ok(parts) = Parts::read(request).await else {
        return refused(FUNCTION, "invalid parameters");
    };
    let (file, format) = match check(&parts) {
        Ok(found) => found,
        Err(message) => return refused(FUNCTION, message),
    };
    keep(&shared, &account, &parts, file, format)
}

/// The file and its format, or what is wrong with the request.
fn check(parts: &Parts) -> Result<(&FilePart, Format), &'static str> {
    if !matches!(parts.get("status"), Some("public" | "private")) {
        return Err("invalid status");
    }
    let file = parts.file.as_ref().ok_or("invalid parameters")?;
    let format = Format::of(&file.bytes)
        .filter(|format| format.fits_name(&file.name))
        .ok_or("invalid file")?;
    match parts.get("activity_type") {
        Some(word) if ACTIVITY_TYPES.contains(&word) => {}
        None if format == Format::Fit => {}
        Some(_) | None => return Err("invalid activity_type"),
    }
    if format == Format::Gpx && glance(&file.bytes).points == 0 {
        return Err("invalid file");
    }
    Ok((file, format))
}

fn keep(
    shared: &Shared,
    account: &str,
    parts: &Parts,
    file: &FilePart,
    format: Format,
) -> Response {
    let mut state = shared.state();
    let sha = sha256(&file.bytes);
    let known = state.uploads.iter().find(|upload| {
        upload.service == SERVICE && upload.account == account && upload.sha256 == sha
    });
    let known = known.map(|upload| upload.activity_id);
    let id = known.unwrap_or_else(|| state.next_id(SERVICE));
    let arrival = Arrival {
        service: SERVICE,
        account,
        parts,
        file,
        format,
        id,
        existing: known.is_some(),
    };
    match (take_in(shared, &mut state, &arrival), known) {
        (Err(error), _) => page(
            500,
            "The sandbox can't keep the file",
            &format!("<p>{error}</p>"),
        ),
        (Ok(_), Some(id)) => json_answer(
            200,
            json!({"function": FUNCTION, "activity_id": id, "status": "already exists"}),
        ),
        (Ok(_), None) => json_answer(200, json!({"function": FUNCTION, "activity_id": id})),
    }
}
