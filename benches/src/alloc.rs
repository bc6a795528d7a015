//! The system allocator with a tally, which is off unless somebody counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

struct Tally;

#[global_allocator]
static TALLY: Tally = Tally;

static ON: AtomicBool = AtomicBool::new(false);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicUsize = AtomicUsize::new(0);

fn note(sum: &AtomicUsize, amount: usize) {
    // Relaxed: sums, read when the counted work is over.
    sum.fetch_add(amount, Ordering::Relaxed);
}

fn note_block(bytes: usize) {
    if ON.load(Ordering::Relaxed) {
        note(&BLOCKS, 1);
        note(&BYTES, bytes);
    }
}

fn note_free(bytes: usize) {
    if ON.load(Ordering::Relaxed) {
        note(&FREED, bytes);
    }
}

// SAFETY: every call goes on to the system allocator unchanged.
unsafe impl GlobalAlloc for Tally {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note_block(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note_block(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        note_free(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note_free(layout.size());
        note_block(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

/// Lets the system allocator keep what is freed. Left alone it gives memory back to the system in the
/// midst of some rounds and not of others, by what other rows have freed before, and each page that is
/// taken again costs as much as some tasks. The C library's learns from blocks of up to 32 MiB
/// (`M_MMAP_THRESHOLD` in mallopt(3)).
pub(crate) fn settle() {
    drop(std::hint::black_box(vec![1_u8; 31 << 20]));
}

/// Counts while it lives.
pub(crate) struct Count {
    blocks: usize,
    bytes: usize,
    freed: usize,
}

impl Count {
    pub(crate) fn start() -> Self {
        let start = Self { blocks: read(&BLOCKS), bytes: read(&BYTES), freed: read(&FREED) };
        ON.store(true, Ordering::SeqCst);
        start
    }

    /// Blocks allocated since the start.
    pub(crate) fn blocks(&self) -> usize {
        read(&BLOCKS) - self.blocks
    }

    /// Bytes allocated since the start.
    pub(crate) fn bytes(&self) -> usize {
        read(&BYTES) - self.bytes
    }

    /// Bytes allocated and not freed since the start; below zero where more was freed.
    #[allow(clippy::cast_possible_wrap)]
    pub(crate) fn held(&self) -> isize {
        self.bytes() as isize - (read(&FREED) - self.freed) as isize
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        ON.store(false, Ordering::SeqCst);
    }
}

fn read(sum: &AtomicUsize) -> usize {
    sum.load(Ordering::SeqCst)
}
