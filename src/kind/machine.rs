use std::fs;

use serde_json::Value;

use crate::finding::{Code, Finding};

const GIB: u64 = 1 << 30;

/// What a node with the mesh, its addons and the services takes: some 2.5 GiB, and room to start in.
const MEMORY: u64 = 4 * GIB;

/// What kind advises (<https://kind.sigs.k8s.io/docs/user/known-issues/>): every kubelet, proxy and agent of a node counts
/// against the limits of one machine.
const INOTIFY: Inotify = Inotify { watches: 524_288, instances: 512 };

/// What a container engine runs on: this machine, or the virtual machine that it brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// In bytes; None where the engine does not say.
    pub memory: Option<u64>,
    /// As images are called for it: `amd64`, `arm64`.
    pub architecture: Option<String>,
    /// None where its kernel is not this machine's.
    pub inotify: Option<Inotify>,
}

/// How much of it a user of the kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inotify {
    pub watches: u64,
    pub instances: u64,
}

impl Machine {
    /// By what `docker info` or `podman info` says.
    pub(super) fn of(info: &Value) -> Self {
        let of_podman = &info["host"];
        let memory = info["MemTotal"].as_u64().or_else(|| of_podman["memTotal"].as_u64());
        let architecture = info["Architecture"].as_str().or_else(|| of_podman["arch"].as_str());
        let architecture = architecture.map(|name| match name {
            "x86_64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            name => name.to_owned(),
        });
        let is_elsewhere =
            info["OperatingSystem"] == "Docker Desktop" || of_podman["serviceIsRemote"] == true;
        let inotify = if is_elsewhere { None } else { Inotify::here() };
        Self { memory: memory.filter(|bytes| *bytes > 0), architecture, inotify }
    }

    /// What it has less of than an installation takes. Warnings: nothing is refused for them beforehand.
    pub fn lacks(&self) -> Vec<Finding> {
        let memory = self.memory.filter(|memory| *memory < MEMORY).map(|memory| {
            #[allow(clippy::cast_precision_loss, reason = "a tenth of a GiB is what is shown")]
            let has = memory as f64 / GIB as f64;
            let seen = format!("the container engine has {has:.1} GiB of memory, and the pods take up to {} GiB", MEMORY / GIB);
            let hint = "give it more in its settings (Docker Desktop: Resources; `podman machine set --memory`), or install \
                        `minimal`, which has no addons";
            Finding::warning(Code::MachineMemory, seen, hint)
        });
        memory.into_iter().chain(self.inotify.and_then(Inotify::lacks)).collect()
    }
}

impl Inotify {
    /// Of this kernel, if it is Linux.
    fn here() -> Option<Self> {
        let read =
            |name: &str| fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?.trim().parse().ok();
        Some(Self { watches: read("max_user_watches")?, instances: read("max_user_instances")? })
    }

    fn lacks(self) -> Option<Finding> {
        let (watches, instances) = (self.watches.max(INOTIFY.watches), self.instances.max(INOTIFY.instances));
        if self == (Self { watches, instances }) {
            return None;
        }
        let seen = format!(
            "the kernel gives each user {} inotify watches and {} instances, and kind advises {} and {}",
            self.watches, self.instances, INOTIFY.watches, INOTIFY.instances
        );
        let hint = format!(
            "`sudo sysctl fs.inotify.max_user_watches={watches} fs.inotify.max_user_instances={instances}`; else pods may end with \
             `too many open files`"
        );
        Some(Finding::warning(Code::MachineInotify, seen, hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_engine_says_what_it_runs_on_in_one_of_two_ways() {
        let table = [
            (
                json!({"MemTotal": 8_333_754_368_u64, "Architecture": "aarch64", "OperatingSystem": "Docker Desktop"}),
                (Some(8_333_754_368), Some("arm64")),
            ),
            (
                json!({"host": {"memTotal": 2_147_483_648_u64, "arch": "amd64", "serviceIsRemote": true}}),
                (Some(2_147_483_648), Some("amd64")),
            ),
            (json!({"MemTotal": 0, "OperatingSystem": "Docker Desktop"}), (None, None)),
        ];
        for (info, (memory, architecture)) in table {
            let machine = Machine::of(&info);
            assert_eq!((machine.memory, machine.architecture.as_deref()), (memory, architecture), "{info}");
            assert_eq!(machine.inotify, None, "it is another kernel's");
        }
    }

    #[test]
    fn what_is_told_is_what_there_is_less_of_than_it_takes() {
        let plenty = Inotify { watches: 1 << 20, instances: 8192 };
        let table = [
            (Some(8 * GIB), Some(plenty), vec![]),
            (Some(4 * GIB), None, vec![]),
            (None, None, vec![]),
            (Some(2 * GIB), None, vec![Code::MachineMemory]),
            (Some(8 * GIB), Some(Inotify { watches: 65_536, ..plenty }), vec![Code::MachineInotify]),
            (Some(8 * GIB), Some(Inotify { instances: 128, ..plenty }), vec![Code::MachineInotify]),
        ];
        for (memory, inotify, expected) in table {
            let machine = Machine { memory, architecture: None, inotify };
            let codes: Vec<Code> = machine.lacks().iter().map(|finding| finding.code).collect();
            assert_eq!(codes, expected, "{machine:?}");
        }
    }

    #[test]
    fn a_limit_that_is_high_enough_is_not_lowered() {
        let lacking = Inotify { watches: 1_048_576, instances: 128 }.lacks().unwrap();
        assert!(
            lacking.hint.contains("max_user_watches=1048576 fs.inotify.max_user_instances=512"),
            "{}",
            lacking.hint
        );
    }
}
