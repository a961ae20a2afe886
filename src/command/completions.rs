use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::{CompleteEnv, Shells};

use super::told;
use crate::cli::{Cli, Shell};
use crate::cluster::Target;
use crate::failure::Failure;
use crate::istio::release::Addon;
use crate::profile::{self, Check};

/// By this variable a shell asks for what may stand where its user is typing.
const ASKED: &str = "KUBESTOCK_INSTALL_COMPLETE";

const PROGRAM: &str = "kubestock-install";

/// Prints what makes a shell ask.
pub(super) fn run(shell: Shell) -> ExitCode {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(shell.name()) else {
        // clap lets no other shell pass, and these are the engine's own.
        return told::failure(&Failure::Output(std::io::ErrorKind::Unsupported.into()));
    };
    let mut script = Vec::new();
    match shell.write_registration(ASKED, PROGRAM, PROGRAM, PROGRAM, &mut script) {
        Ok(()) => told::print(&String::from_utf8_lossy(&script)),
        Err(error) => told::failure(&Failure::Output(error)),
    }
}

/// Answers, where it is a shell that asks; the program has nothing else to do then.
pub fn answer_shell() -> Option<ExitCode> {
    env::var_os(ASKED)?;
    let engine = CompleteEnv::with_factory(|| with_values(Cli::command())).var(ASKED).bin(PROGRAM);
    let folder = env::current_dir().ok();
    match engine.completer(PROGRAM).try_complete(env::args_os(), folder.as_deref()) {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        Err(error) => error.exit(),
    }
}

/// The command line with what only the program knows: its profiles and checks, and the contexts of this user.
fn with_values(command: Command) -> Command {
    command.mut_args(with_values_of).mut_subcommands(with_values)
}

fn with_values_of(argument: Arg) -> Arg {
    let value =
        argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
    match (argument.get_id().as_str(), value.as_deref()) {
        ("profile" | "named", _) => argument.add(ArgValueCompleter::new(Profiles)),
        ("context", _) => argument.add(ArgValueCandidates::new(contexts)),
        (_, Some("CHECK")) => argument.add(ArgValueCandidates::new(checks)),
        (_, Some("SERVICE")) => argument.add(ArgValueCandidates::new(services)),
        ("report" | "junit", _) => argument.add(ArgValueCompleter::new(PathCompleter::any())),
        _ => argument,
    }
}

/// Those of the program by name, and files.
struct Profiles;

impl ValueCompleter for Profiles {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let is_meant = |name: &str| current.to_str().is_some_and(|typed| name.starts_with(typed));
        let embedded = profile::embedded().into_iter().filter(|profile| is_meant(profile.name));
        let named = embedded.map(|profile| told_of(profile.name, profile.description));
        let is_yaml = |path: &Path| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        named.chain(PathCompleter::any().filter(is_yaml).complete(current)).collect()
    }
}

fn contexts() -> Vec<CompletionCandidate> {
    Target::contexts(kubeconfig(env::args_os()).as_deref())
        .into_iter()
        .map(CompletionCandidate::new)
        .collect()
}

fn checks() -> Vec<CompletionCandidate> {
    Check::ALL.into_iter().map(|check| CompletionCandidate::new(check.name())).collect()
}

/// What most would open. All others are the cluster's to know, and it is not asked for a key that was pressed.
fn services() -> Vec<CompletionCandidate> {
    let addons = Addon::ALL.into_iter().map(Addon::name);
    addons.chain(["frontend"]).map(CompletionCandidate::new).collect()
}

fn told_of(name: &str, description: String) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(description.into()))
}

/// The file that the line being typed names.
fn kubeconfig(words: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut words = words.skip_while(|word| word != "--").skip(1);
    let mut named = None;
    while let Some(word) = words.next() {
        if word == "--kubeconfig" {
            named = words.next();
        } else if let Some(path) = word.to_str().and_then(|word| word.strip_prefix("--kubeconfig=")) {
            named = Some(path.into());
        }
    }
    named.filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubeconfig_is_the_one_on_the_line() {
        let table = [
            ("k -- k demo --context", None),
            ("k -- k demo --kubeconfig a --context", Some("a")),
            ("k -- k demo --kubeconfig=a --context", Some("a")),
            ("k --kubeconfig b -- k demo --context", None),
            ("k -- k demo --kubeconfig", None),
        ];
        for (words, expected) in table {
            let found = kubeconfig(words.split(' ').map(OsString::from));
            assert_eq!(found, expected.map(PathBuf::from), "{words}");
        }
    }

    #[test]
    fn the_command_line_with_its_values_is_one_that_clap_accepts() {
        with_values(Cli::command()).debug_assert();
    }
}
