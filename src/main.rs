//! The program `callboard`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
