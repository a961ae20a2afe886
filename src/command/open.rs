use std::process::ExitCode;

use anstream::eprintln;

use super::browser;
use super::connect::reach_quietly;
use super::quiet::quietly;
use super::told;
use crate::cli::OpenArgs;
use crate::engine::{self, Door, Way};
use crate::failure::{Failure, Signal};

/// Opens the way to a Service, until a signal ends it. Ctrl-C is how it is meant to end: that is a success.
pub(super) async fn run(arguments: OpenArgs) -> ExitCode {
    match open(arguments).await {
        Ok(()) | Err(Failure::Interrupted(Signal::Interrupt)) => ExitCode::SUCCESS,
        Err(failure) => told::failure(&failure),
    }
}

async fn open(arguments: OpenArgs) -> Result<(), Failure> {
    quietly(async |_, _| {
        let (cluster, _) = reach_quietly(arguments.target).await?;
        let door = engine::find(&cluster, &arguments.name, arguments.namespace.as_deref()).await?;
        let listener = door.listen(arguments.port).await?;
        let url = format!("http://{}", listener.local_addr().map_err(Failure::Runtime)?);
        let never = door.serve(listener, || show(&url, arguments.no_browser), tell(&door)).await?;
        match never {}
    })
    .await
}

/// The address is what stdout is for; all else is said on stderr.
fn show(url: &str, no_browser: bool) {
    // Who does not read it may have it from the browser.
    let _ = told::print(&format!("{url}\n"));
    if !no_browser && let Err(error) = browser::show(url) {
        told::warning(&format!("no browser could be opened: {error}"));
    }
}

fn tell(door: &Door) -> impl Fn(Way) + Send + Sync + use<> {
    let service = door.service();
    move |way| match way {
        Way::Open { pod, port } => {
            eprintln!("{service} answers, by {pod} at its port {port}; Ctrl-C ends it")
        }
        Way::Waiting(why) => eprintln!("waiting: {why}"),
    }
}
