//! SQLite's way to a [`PlayedDisk`]: a VFS over the usual one, which asks before each write, sync, removal and new file, keeps locks
//! and shared memory in this process ([`Locks`]), and passes everything else on. Knows nothing of databases.
#![expect(unsafe_code, reason = "a VFS is a table of C functions")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};

use rusqlite::ffi;

use crate::locks::{Held, Level, Locks};
use crate::{PlayedDisk, locked};

/// How SQLite calls it.
pub(crate) const NAME: &str = "played";
const C_NAME: &CStr = c"played";

/// The usual VFS, which is never taken away.
struct Usual(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite itself uses it from all threads; nothing here writes to it.
unsafe impl Send for Usual {}
// SAFETY: as above.
unsafe impl Sync for Usual {}

static USUAL: OnceLock<Usual> = OnceLock::new();

/// An open file as SQLite sees it. The usual VFS's own lies behind it in the same memory.
#[repr(C)]
struct PlayedFile {
    base: ffi::sqlite3_file,
    /// Made by `Box`; none for a file of no disk of ours, such as a temporary one.
    of: *mut Of,
}

/// What is known of an open file.
struct Of {
    disk: Arc<PlayedDisk>,
    file: Arc<File>,
    path: PathBuf,
    /// Its name goes with its first sync, as the usual VFS does it.
    is_new: bool,
    locks: Arc<Mutex<Locks>>,
    held: Held,
}

/// Makes the VFS known to SQLite, once.
pub(crate) fn register() {
    USUAL.get_or_init(|| {
        // SAFETY: SQLite answers its default VFS, a table that lives as long as the process; it is copied, and the copy lives as
        // long, too.
        unsafe {
            let usual = ffi::sqlite3_vfs_find(ptr::null());
            let own = (*usual).szOsFile + size_of::<PlayedFile>() as c_int;
            let played = Box::leak(Box::new(ffi::sqlite3_vfs {
                szOsFile: own,
                zName: C_NAME.as_ptr(),
                pNext: ptr::null_mut(),
                xOpen: Some(open),
                xDelete: Some(delete),
                ..*usual
            }));
            ffi::sqlite3_vfs_register(played, 0);
            Usual(usual)
        }
    });
}

/// The functions of an open file.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // With shared memory, and without memory that is written past us.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The usual VFS's part of a file.
fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    file.cast::<PlayedFile>().wrapping_add(1).cast()
}

/// Calls the usual VFS's function of this name; an error of the given code where it has none.
macro_rules! usual {
    ($file:ident, $function:ident, $otherwise:expr $(, $argument:expr)*) => {{
        let file = inner($file);
        // SAFETY: SQLite calls with a file that `open` has opened, so the usual VFS has put its table there; the arguments are
        // passed on as they came.
        unsafe {
            match (*(*file).pMethods).$function {
                Some(function) => function(file $(, $argument)*),
                None => $otherwise,
            }
        }
    }};
}

/// What is known of a file that SQLite has open.
fn of<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a mut Of> {
    // SAFETY: SQLite calls with a file that `open` has opened, from one thread at a time, and not after `close`.
    unsafe { (*file.cast::<PlayedFile>()).of.as_mut() }
}

/// A path as SQLite hands it over; none for a temporary file.
fn path(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite hands over a text that ends with a zero and stays during the call.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

fn disk_under(path: &Path) -> Option<Arc<PlayedDisk>> {
    PlayedDisk::under(path.parent()?)
}

/// What SQLite is told of an error: a full disk is told apart.
fn code(error: &io::Error, otherwise: c_int) -> c_int {
    if error.kind() == io::ErrorKind::StorageFull {
        ffi::SQLITE_FULL
    } else {
        otherwise
    }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let played = file.cast::<PlayedFile>();
    // SAFETY: SQLite gives `szOsFile` bytes, which hold a `PlayedFile` and the usual VFS's file.
    unsafe {
        (*played).base.pMethods = ptr::null();
        (*played).of = ptr::null_mut();
        (*inner(file)).pMethods = ptr::null();
    }
    let place = path(name).and_then(|path| Some((disk_under(&path)?, path)));
    let is_new = place.as_ref().is_some_and(|(_, path)| !path.exists());
    if let Some((disk, path)) = place.as_ref().filter(|_| is_new)
        && flags & ffi::SQLITE_OPEN_CREATE != 0
        && disk.make(path).is_err()
    {
        return ffi::SQLITE_CANTOPEN;
    }
    let Some(usual) = USUAL.get() else {
        return ffi::SQLITE_MISUSE;
    };
    // SAFETY: the usual VFS's own function, its own table, and its own part of the memory; the rest as it came.
    let opened = unsafe {
        match (*usual.0).xOpen {
            Some(open) => open(usual.0, name, inner(file), flags, out),
            None => ffi::SQLITE_MISUSE,
        }
    };
    if opened != ffi::SQLITE_OK {
        return opened;
    }
    // SAFETY: as above; from here on SQLite closes the file through this table.
    unsafe { (*played).base.pMethods = &raw const METHODS };
    if let Some((disk, path)) = place {
        let Ok(file) = disk.open(&path) else {
            close_usual(played);
            return ffi::SQLITE_CANTOPEN;
        };
        let of = Of {
            locks: disk.locks(&path),
            held: Held::default(),
            disk,
            file,
            path,
            is_new,
        };
        // SAFETY: as above; `close` takes it back.
        unsafe { (*played).of = Box::into_raw(Box::new(of)) };
    }
    ffi::SQLITE_OK
}

/// Undoes an opening: SQLite takes a file for open as long as it has a table.
fn close_usual(played: *mut PlayedFile) {
    let file = played.cast();
    usual!(file, xClose, ffi::SQLITE_OK);
    // SAFETY: the memory that SQLite gave to `open`.
    unsafe { (*played).base.pMethods = ptr::null() };
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    if let Some(path) = path(name)
        && let Some(disk) = disk_under(&path)
        && path.exists()
        && disk.remove(&path, sync != 0).is_err()
    {
        return ffi::SQLITE_IOERR_DELETE;
    }
    let Some(usual) = USUAL.get() else {
        return ffi::SQLITE_MISUSE;
    };
    // SAFETY: the usual VFS's own function and table; the rest as it came.
    unsafe {
        match (*usual.0).xDelete {
            Some(delete) => delete(usual.0, name, sync),
            None => ffi::SQLITE_MISUSE,
        }
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    if let Some(Of { locks, held, .. }) = of(file) {
        let mut locks = locked(locks);
        locks.unmap(held);
        locks.unlock(held, Level::Nothing);
    }
    let closed = usual!(file, xClose, ffi::SQLITE_MISUSE);
    // SAFETY: what `open` put there, and nobody uses the file after this.
    unsafe {
        let of = &mut (*file.cast::<PlayedFile>()).of;
        if !of.is_null() {
            drop(Box::from_raw(std::mem::replace(of, ptr::null_mut())));
        }
    }
    closed
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    bytes: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    usual!(file, xRead, ffi::SQLITE_MISUSE, into, bytes, at)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    if let Some(of) = of(file) {
        let (at, bytes) = (at.unsigned_abs(), bytes.unsigned_abs() as usize);
        if let Err(error) = of.disk.write(&of.file, at, bytes) {
            return code(&error, ffi::SQLITE_IOERR_WRITE);
        }
    }
    usual!(file, xWrite, ffi::SQLITE_MISUSE, from, bytes, at)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    if let Some(of) = of(file)
        && of.disk.truncate(&of.file, size.unsigned_abs()).is_err()
    {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    usual!(file, xTruncate, ffi::SQLITE_MISUSE, size)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let Some(of) = of(file) else {
        return usual!(file, xSync, ffi::SQLITE_MISUSE, flags);
    };
    // Nothing has to outlive the test: the real file is not synced.
    let new = of.is_new.then_some(of.path.as_path());
    if of.disk.sync(&of.file, new).is_err() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    of.is_new = false;
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    usual!(file, xFileSize, ffi::SQLITE_MISUSE, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    let Some(Of { locks, held, .. }) = of(file) else {
        return usual!(file, xLock, ffi::SQLITE_MISUSE, wanted);
    };
    busy_unless(locked(locks).lock(held, level(wanted)))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, kept: c_int) -> c_int {
    let Some(Of { locks, held, .. }) = of(file) else {
        return usual!(file, xUnlock, ffi::SQLITE_MISUSE, kept);
    };
    locked(locks).unlock(held, level(kept));
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    is_locked: *mut c_int,
) -> c_int {
    let Some(of) = of(file) else {
        return usual!(file, xCheckReservedLock, ffi::SQLITE_MISUSE, is_locked);
    };
    // SAFETY: SQLite hands over a place for the answer.
    unsafe { *is_locked = locked(&of.locks).is_reserved().into() };
    ffi::SQLITE_OK
}

fn level(number: c_int) -> Level {
    match number {
        ffi::SQLITE_LOCK_NONE => Level::Nothing,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

fn busy_unless(done: bool) -> c_int {
    if done {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    what: c_int,
    argument: *mut c_void,
) -> c_int {
    usual!(file, xFileControl, ffi::SQLITE_NOTFOUND, what, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    usual!(file, xSectorSize, 0)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    usual!(file, xDeviceCharacteristics, 0)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let Some(Of { locks, held, .. }) = of(file) else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    let (region, bytes) = (
        region.unsigned_abs() as usize,
        bytes.unsigned_abs() as usize,
    );
    let mut locks = locked(locks);
    let memory = locks.map(held, region, bytes, extend != 0);
    let at = memory.map_or(ptr::null_mut(), |memory| memory.as_ptr().cast_mut());
    // SAFETY: SQLite hands over a place for the answer. The memory is atomics, which may be written through a shared pointer, and
    // stays where it is until the last connection has called `shm_unmap`.
    unsafe { *out = at.cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    at: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let Some(Of { locks, held, .. }) = of(file) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    let at = at.unsigned_abs() as usize;
    let places = at..at + count.unsigned_abs() as usize;
    let mut locks = locked(locks);
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        locks.unlock_places(held, places);
        return ffi::SQLITE_OK;
    }
    busy_unless(locks.lock_places(held, places, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0))
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    if let Some(Of { locks, held, .. }) = of(file) {
        locked(locks).unmap(held);
    }
    ffi::SQLITE_OK
}
