//! The program `callboard`.

mod cli;

/// Small, short-lived allocations on several threads are most of what a job costs in memory management.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
