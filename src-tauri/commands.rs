//! One function per thing the window can ask. No logic here.

use engine::view::{
    ActivityDetail, Choice, HistoryFilter, HistoryPage, Problem, Saved, ServiceSettings, Settings,
    Snapshot,
};
use engine::{AccountName, Command, Engine, ExportFormat, Retry, Secret};
use tauri::{AppHandle, State};

use crate::dialogs;

type Done = Result<(), Problem>;

async fn ask(engine: State<'_, Engine>, command: Command) -> Done {
    engine.ask(command).await.map(drop)
}

#[tauri::command]
pub(crate) fn snapshot(engine: State<'_, Engine>) -> Snapshot {
    engine.snapshot()
}

#[tauri::command(async)]
pub(crate) fn history(
    engine: State<'_, Engine>,
    filter: HistoryFilter,
    cursor: Option<String>,
    limit: u32,
) -> Result<HistoryPage, Problem> {
    engine.archive()?.history(&filter, cursor.as_deref(), limit)
}

#[tauri::command(async)]
pub(crate) fn activity(engine: State<'_, Engine>, id: u32) -> Result<ActivityDetail, Problem> {
    engine.archive()?.activity(i64::from(id))
}

#[tauri::command(async)]
pub(crate) fn settings(engine: State<'_, Engine>) -> Result<Settings, Problem> {
    engine.settings()
}

#[tauri::command]
pub(crate) async fn approve_device(engine: State<'_, Engine>, device: String, yes: bool) -> Done {
    ask(engine, Command::ApproveDevice { device, yes }).await
}

#[tauri::command]
pub(crate) async fn choose(engine: State<'_, Engine>, device: String, choice: Choice) -> Done {
    ask(engine, Command::Choose { device, choice }).await
}

#[tauri::command]
pub(crate) async fn add_folder(app: AppHandle, engine: State<'_, Engine>) -> Result<bool, Problem> {
    match dialogs::folder(&app).await {
        Some(path) => ask(engine, Command::AddFolder { path })
            .await
            .map(|()| true),
        None => Ok(false),
    }
}

#[tauri::command]
pub(crate) async fn remove_folder(engine: State<'_, Engine>, path: String) -> Done {
    ask(engine, Command::RemoveFolder { path: path.into() }).await
}

#[tauri::command]
pub(crate) async fn sign_in(engine: State<'_, Engine>, service: String) -> Done {
    ask(
        engine,
        Command::SignIn {
            service: engine::service(&service)?,
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn cancel_sign_in(engine: State<'_, Engine>, service: String) -> Done {
    ask(
        engine,
        Command::CancelSignIn {
            service: engine::service(&service)?,
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn sign_out(engine: State<'_, Engine>, account: u32) -> Done {
    ask(
        engine,
        Command::SignOut {
            account: AccountName::Id(account.into()),
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn send_earlier(engine: State<'_, Engine>, account: u32, choice: Choice) -> Done {
    ask(
        engine,
        Command::SendEarlier {
            account: account.into(),
            choice,
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn retry(engine: State<'_, Engine>, upload: u32) -> Done {
    ask(engine, Command::Retry(Retry::Upload(upload.into()))).await
}

#[tauri::command]
pub(crate) async fn retry_all(engine: State<'_, Engine>) -> Done {
    ask(engine, Command::Retry(Retry::All)).await
}

#[tauri::command]
pub(crate) async fn hold(engine: State<'_, Engine>, upload: u32) -> Done {
    ask(
        engine,
        Command::Hold {
            upload: upload.into(),
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn dismiss(engine: State<'_, Engine>, upload: u32) -> Done {
    ask(
        engine,
        Command::Dismiss {
            upload: upload.into(),
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn release(engine: State<'_, Engine>, upload: u32) -> Done {
    ask(
        engine,
        Command::Release {
            upload: upload.into(),
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn save_activity(
    app: AppHandle,
    engine: State<'_, Engine>,
    activity: u32,
    format: String,
) -> Result<Option<Saved>, Problem> {
    let (id, format) = (i64::from(activity), ExportFormat::from_name(&format)?);
    let name = engine.archive()?.export_name(id, format)?;
    match dialogs::save_as(&app, &name).await {
        Some(path) => engine.save(id, format, path).await.map(Some),
        None => Ok(None),
    }
}

#[tauri::command(async)]
pub(crate) fn open_original_folder(engine: State<'_, Engine>, activity: u32) -> Done {
    engine.archive()?.open_original_folder(activity.into())
}

#[tauri::command]
pub(crate) async fn delete_activity(engine: State<'_, Engine>, id: u32) -> Done {
    ask(engine, Command::DeleteActivity { id: id.into() }).await
}

#[tauri::command]
pub(crate) async fn save_service(
    engine: State<'_, Engine>,
    settings: ServiceSettings,
    client_secret: Option<String>,
) -> Done {
    ask(
        engine,
        Command::SaveService {
            settings,
            secret: client_secret.map(Secret::new),
        },
    )
    .await
}

#[tauri::command]
pub(crate) async fn set_visibility(
    engine: State<'_, Engine>,
    account: u32,
    visibility: String,
) -> Done {
    ask(
        engine,
        Command::SetVisibility {
            account: account.into(),
            visibility,
        },
    )
    .await
}
