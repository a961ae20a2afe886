//! The command line, in clap's derive form. No logic beyond what clap cannot say by itself.

mod args;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use args::{
    BundleArgs, CheckArgs, Color, DiagnoseArgs, ImageForm, InstallArgs, ListArgs, LocalArgs, LookArgs,
    NetworkArgs, ObjectForm, OpenArgs, Output, PlanArgs, ProfileArgs, PruneArgs, RegistryArgs, RehearsalArgs,
    Shell, SourceArgs, StatusArgs, TargetArgs, UninstallArgs, VerifyArgs,
};

/// In rows that a terminal of 80 columns does not break.
const AFTER_HELP: &str = "\
Examples:
  kubestock-install demo                     all there is, into the current context
  kubestock-install demo --gitops ../gitops  the layers of a tree of your own
  kubestock-install demo -f mine.yaml        with your own file over it
  kubestock-install fetch --cache-dir DIR    the release alone, to bring elsewhere

Exit codes (docs/exit-codes.md):
  0 done       2 usage      3 cluster or preflight   130 interrupted
  4 download   5 Istio      6 apply                  143 terminated
  7 timeout    8 checks     1 the program itself
  9 status: not as it is to be    10 something would change (plan --exit-code)";

/// Bring KubeStock up behind a STRICT Istio mesh, and prove that it works
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    override_usage = "kubestock-install [OPTIONS] <PROFILE>\n       kubestock-install <COMMAND>",
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Short for `install --profile <PROFILE>`: demo, laptop, production, minimal, or a file
    pub profile: Option<String>,

    #[command(flatten)]
    pub install: InstallArgs,

    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install what a profile describes
    Install {
        /// A profile of this program (demo, laptop, production, minimal), or a file
        #[arg(long, value_name = "NAME|FILE", required_unless_present = "bundle")]
        profile: Option<String>,

        #[command(flatten)]
        install: InstallArgs,
    },

    /// Say what would not work, in the files and in the cluster
    Check {
        /// A profile of this program, or a file
        #[arg(default_value = "demo")]
        profile: String,

        #[command(flatten)]
        check: CheckArgs,
    },

    /// Show what an installation would change, object by object
    Plan {
        /// A profile of this program, or a file [default: demo]
        profile: Option<String>,

        /// The same, as `install` takes it
        #[arg(id = "named", long = "profile", value_name = "NAME|FILE", conflicts_with = "profile")]
        named: Option<String>,

        #[command(flatten)]
        rehearsal: RehearsalArgs,
    },

    /// Say what is wrong in a cluster, whoever installed what runs there
    Diagnose {
        #[command(flatten)]
        diagnose: DiagnoseArgs,
    },

    /// Prove that a running mesh is what was promised
    Verify {
        /// The profile that promises it, or a file [default: the cluster as it is found]
        profile: Option<String>,

        #[command(flatten)]
        verify: VerifyArgs,
    },

    /// Remove what was installed, the last layer first
    Uninstall {
        #[command(flatten)]
        uninstall: UninstallArgs,
    },

    /// Say what is installed, whether it is ready, and in what it is not as planned
    Status {
        /// The profile to compare with, or a file [default: what installations have recorded]
        profile: Option<String>,

        #[command(flatten)]
        status: StatusArgs,
    },

    /// Open a dashboard or a service in the browser, until Ctrl-C
    Open {
        #[command(flatten)]
        open: OpenArgs,
    },

    /// Print the objects of a kustomize folder, without a cluster
    Render {
        /// The folder with the kustomization file
        path: PathBuf,

        /// The form to print them in
        #[arg(short, long, value_name = "FORM", default_value = "yaml")]
        output: ObjectForm,
    },

    /// List the profiles of this program, or show one
    Profiles {
        #[command(subcommand)]
        command: Option<ProfilesCommand>,
    },

    /// List every image that a profile runs, without a cluster
    Images {
        /// A profile of this program, or a file
        #[arg(default_value = "demo")]
        profile: String,

        #[command(flatten)]
        list: ListArgs,
    },

    /// Download and prove the Istio release of a profile, without a cluster
    Fetch {
        /// A profile of this program, or a file
        #[arg(default_value = "demo")]
        profile: String,

        #[command(flatten)]
        over: ProfileArgs,

        #[command(flatten)]
        source: SourceArgs,

        /// How to tell what happens
        #[arg(long, value_name = "FORM", default_value = "text")]
        output: Output,
    },

    /// Write one file with all that an installation reads, for where there is no network
    Bundle {
        /// A profile of this program, or a file
        #[arg(default_value = "demo")]
        profile: String,

        #[command(flatten)]
        bundle: BundleArgs,
    },

    /// Print the digests of another Istio version, for `istio.digests` in a profile
    Pin {
        /// A version in full, for the digests beside its archives; or archives that are here
        #[arg(required = true, value_name = "VERSION|ARCHIVE")]
        subject: Vec<String>,

        #[command(flatten)]
        network: NetworkArgs,
    },

    /// Print what makes a shell complete command lines
    Completions {
        /// The shell to print it for
        shell: Shell,
    },

    /// Write a man page for each command
    #[command(hide = true)]
    Man {
        /// The folder to write them to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Print a profile as it is written, or what comes of it and all that is laid over it
    Show {
        /// A profile of this program, or a file
        profile: String,

        /// Print what is used in the end, with where each value was said; -f and --set imply it
        #[arg(long)]
        resolved: bool,

        #[command(flatten)]
        over: ProfileArgs,

        /// The form of what is resolved
        #[arg(short, long, value_name = "FORM", default_value = "yaml")]
        output: ObjectForm,
    },

    /// Print the JSON Schema of a profile's file, for editors
    Schema,
}

impl Cli {
    /// Reads the arguments, the program's name first.
    ///
    /// # Errors
    /// clap's, which print themselves; also for what clap alone would let pass: a misspelt command, which
    /// it takes for a profile, and an option of an installation that stands before a command, which it
    /// would drop without a word.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let mut command = Self::command();
        let misspelt = arguments.get(1).and_then(|first| misspelt(first.to_str()?, &command));
        let matches = match command.try_get_matches_from_mut(&arguments) {
            // What follows the command is one argument too many for a profile.
            Err(error) if error.kind() == ErrorKind::UnknownArgument => {
                return Err(misspelt.map_or(error, |message| unknown_command(&mut command, message)));
            }
            matches => matches?,
        };
        let cli = Self::from_arg_matches(&matches)?;
        if let Some((name, _)) = matches.subcommand() {
            if let Some(stray) = stray(&command, &matches) {
                let message = format!("{stray} stands before `{name}`; options come after the command");
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
        } else if cli.profile.is_none() && cli.install.bundle.is_none() {
            let message = "which profile? `kubestock-install profiles` lists them";
            return Err(command.error(ErrorKind::MissingRequiredArgument, message));
        } else if let Some(message) = misspelt {
            return Err(unknown_command(&mut command, message));
        }
        Ok(cli)
    }
}

/// What stands before the command and would be dropped.
fn stray(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
    let is_given =
        |argument: &&Arg| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine);
    let mut own = command.get_arguments().filter(|argument| !argument.is_global_set());
    own.find(is_given).map(|stray| match stray.get_long() {
        Some(name) => format!("--{name}"),
        None => "a profile".to_owned(),
    })
}

/// What to say of a word that is one slip away from a command.
fn misspelt(word: &str, command: &clap::Command) -> Option<String> {
    let meant = command.get_subcommands().map(clap::Command::get_name);
    let meant = meant.into_iter().find(|name| strsim::osa_distance(word, name) == 1)?;
    Some(format!("there is no command `{word}`; did you mean `{meant}`?"))
}

fn unknown_command(command: &mut clap::Command, message: String) -> clap::Error {
    command.error(ErrorKind::InvalidSubcommand, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(arguments: &str) -> Result<Cli, clap::Error> {
        Cli::read(std::iter::once("kubestock-install").chain(arguments.split_whitespace()).map(Into::into))
    }

    #[test]
    fn the_declaration_is_one_that_clap_accepts() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_profile_alone_is_short_for_install() {
        for arguments in ["demo --yes", "--yes demo", "--context kind-kind demo"] {
            let cli = read(arguments).unwrap();
            assert_eq!((cli.profile.as_deref(), cli.command.is_none()), (Some("demo"), true), "{arguments}");
        }
        let cli = read("install --profile my.yaml --timeout 1m30s").unwrap();
        let Some(Command::Install { profile, install }) = cli.command else { panic!("not install") };
        assert_eq!((profile.as_deref(), install.timeout), (Some("my.yaml"), Some(Duration::from_secs(90))));
    }

    #[test]
    fn names_of_commands_are_reserved() {
        assert!(matches!(read("profiles").unwrap().command, Some(Command::Profiles { command: None })));
    }

    #[test]
    fn what_would_be_dropped_or_mistaken_is_an_error() {
        let cases = [
            ("--gitops x render y", "--gitops stands before `render`"),
            ("--image-registry r.test/m images", "--image-registry stands before `images`"),
            ("demo profiles", "profile stands before `profiles`"),
            ("--yes", "which profile?"),
            ("rendr x", "no command `rendr`; did you mean `render`?"),
            ("profile", "no command `profile`; did you mean `profiles`?"),
        ];
        for (arguments, expected) in cases {
            let error = read(arguments).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected), "{arguments}: {error}");
        }
    }

    #[test]
    fn a_time_without_a_unit_is_refused() {
        assert!(read("demo --timeout 90").is_err());
    }
}
