//! The mock shop as a program of its own: reads the options, opens the shop, waits for a signal.

use std::process::ExitCode;

use mock_saleor::MockSaleor;
use mock_saleor::options::{Command, USAGE, parse};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let config = match parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve(config)) => config,
        Ok(Command::Help) => {
            print!("mock-saleor: {USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error),
    };
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("mock-saleor: {error}");
    ExitCode::from(2)
}

fn serve(config: mock_saleor::Config) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the shop is announced, so that a signal sent right after that line is not lost.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let shop = MockSaleor::start(config)?;
        println!(
            "Mock Saleor storefront on {}/ (Ctrl-C stops it)",
            shop.url()
        );
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        shop.stop();
        println!("Served {}", shop.seen());
        Ok(())
    })
}
