use http::StatusCode;
use rustls::CertificateError;

use super::Failure;
use crate::bundle::BundleError;
use crate::child::ChildError;
use crate::cluster::{ApiError, ConnectError};
use crate::docker::LoginError;
use crate::engine::{EngineError, FailedObject, OpenError, Standing};
use crate::istio::release::{CaBundleError, PinError, ReleaseError};
use crate::istio::render::RenderError;
use crate::kind::{Engine, KindError};
use crate::kustomize;
use crate::object::ObjectId;
use crate::plan::{ImageError, Unrendered};
use crate::settings::SettingsError;

const AGAIN: &str = "run the same command again: what is applied already is left as it is";
const IS_IT_UP: &str =
    "is the cluster running, and is this its context? `kubectl config current-context` tells";
const LOG_IN: &str = "log in again with the tool that made this context";
const NO_RIGHT: &str = "this user may not do that in the cluster; an administrator can, or can grant it";

impl Failure {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unconfirmed { asked: false, .. } => "give --yes if this is the cluster that you mean",
            Self::NotDeleted { asked: false, .. } => "give --yes if it is to go, with all that is in it",
            Self::Logins(error) => login_hint(error)?,
            Self::Kind(error) => return kind_hint(error),
            Self::NotRemoved { asked: false, .. } => "give --yes if they are to go",
            Self::CutOff { .. } => {
                "begin with `--mtls permissive`, which cuts nobody off, or give --yes if it is meant; docs/findings.md has \
                 an entry for each code"
            }
            Self::Found { .. } | Self::WouldBeRefused { .. } => {
                "mend what is told above; docs/findings.md has an entry for each code"
            }
            Self::Astray(standing) => astray_hint(*standing),
            Self::NothingInstalled => {
                "name a profile to compare the cluster with, whoever installed it: `kubestock-install status demo`"
            }
            Self::Interrupted(_) => "what is done stays; run the same command again for the rest",
            Self::Unrendered(Unrendered { source, .. })
                if matches!(**source, kustomize::Error::NoFolder { .. }) =>
            {
                "a gitops tree has the folders that the profile's layers name, base and overlays/staging say"
            }
            Self::NothingToCopy => {
                "name the mirror with --image-registry, or in the profile's `images.registry`"
            }
            Self::Settings(SettingsError::CaBundle(CaBundleError::Empty { .. })) => {
                "a PEM file holds `-----BEGIN CERTIFICATE-----`; `openssl x509 -inform der -in FILE` makes one of a DER file"
            }
            Self::Settings(SettingsError::Bundle(BundleError::OtherRelease { .. })) => {
                "`kubestock-install bundle` makes one for another machine with --platform"
            }
            Self::Timings { .. } => "all else is done, and only the page is missing",
            Self::Settings(SettingsError::NoHome) => "give one with --cache-dir",
            Self::Connect(error) | Self::Settings(SettingsError::Target(error)) => {
                return connect_hint(error);
            }
            Self::Discovery(error) => api_hint(error)?,
            Self::NamelessUser => "`--print-roles USER` prints all roles, for a user that you name",
            Self::Pin(error) => pin_hint(error)?,
            Self::Release(error) => release_hint(error)?,
            Self::Engine(error) => return engine_hint(error),
            Self::Open(error) => return open_hint(error),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

fn login_hint(error: &LoginError) -> Option<&'static str> {
    match error {
        LoginError::Helper { source: ChildError::Start(_), .. } => {
            Some("the configuration names this credential helper; it must be on the PATH")
        }
        LoginError::Helper { .. } | LoginError::Refused { .. } => {
            Some("`docker login` anew for this registry; the same command then goes on")
        }
        LoginError::IdentityToken { .. } => Some("log in with a user and a password or an access token"),
        _ => None,
    }
}

fn kind_hint(error: &KindError) -> Option<String> {
    const KIND: &str =
        "kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation, or `brew install kind`";
    const ENGINE: &str = "Docker: https://docs.docker.com/get-started/get-docker/, or Podman: https://podman.io/docs/installation";
    let hint = match error {
        KindError::Missing { kind: true, engine: true } => return Some(format!("get {KIND}; and {ENGINE}")),
        KindError::Missing { kind: true, .. } => return Some(format!("get {KIND}")),
        KindError::Missing { .. } => return Some(format!("get {ENGINE}")),
        KindError::Silent { engine: Engine::Podman, .. } => {
            "is it running, and may this user use it? `podman machine start` where it has a machine of its own"
        }
        KindError::Silent { .. } => {
            "is it running, and may this user use it? start Docker Desktop, or `sudo systemctl start docker`"
        }
        KindError::HalfMade { name, .. } | KindError::NotReady { name, .. } => {
            return Some(format!(
                "`kubestock-install uninstall --kind {name}` takes it away; the same command then makes it anew"
            ));
        }
        KindError::NoImage { .. } => {
            "build it or pull it first: --load-image is for images that this machine has"
        }
        KindError::Failed { .. } => {
            "https://kind.sigs.k8s.io/docs/user/known-issues/ has what often is the cause"
        }
        KindError::UnknownEngine(_) | KindError::Child { .. } | KindError::Workspace(_) => return None,
    };
    Some(hint.to_owned())
}

fn open_hint(error: &OpenError) -> Option<String> {
    let hint = match error {
        OpenError::NoService { others, .. } if others.is_empty() => {
            "there is no Service with pods; is it installed, and is this its context?"
        }
        OpenError::NoService { others, .. } => return Some(format!("there are {}", by_namespace(others))),
        OpenError::Ambiguous { .. } => "name the one that is meant with --namespace",
        OpenError::NoPods { .. } | OpenError::NoPort { .. } => "only what pods answer over TCP can be opened",
        OpenError::Taken { .. } => "without --port, any that is free is taken",
        OpenError::Api(error) => api_hint(error)?,
    };
    Some(hint.to_owned())
}

/// `istio-system: grafana, kiali; shop: web`
fn by_namespace(services: &[ObjectId]) -> String {
    let mut sorted: Vec<(&str, &str)> = services
        .iter()
        .map(|service| (service.namespace.as_deref().unwrap_or_default(), service.name.as_str()))
        .collect();
    sorted.sort_unstable();
    let namespaces = sorted.chunk_by(|(a, _), (b, _)| a == b).map(|theirs| {
        let names: Vec<&str> = theirs.iter().map(|(_, name)| *name).collect();
        format!("{}: {}", theirs[0].0, names.join(", "))
    });
    namespaces.collect::<Vec<_>>().join("; ")
}

fn astray_hint(standing: Standing) -> &'static str {
    match standing {
        // An installation would be refused.
        Standing { held: 1.., .. } => {
            "nothing is taken from others unless `--force-conflicts` says so: have them let go of the fields, or let the layers say the same"
        }
        Standing { missing: 1.., .. } | Standing { differing: 1.., .. } => {
            "an installation with the same profile brings back what is missing or differs, and leaves the rest alone"
        }
        Standing { not_ready: 1.., .. } => "`kubestock-install diagnose` tells why, with events and logs",
        _ => {
            "what is refused is told above: a webhook that does not answer, or a right that the user does not have"
        }
    }
}

fn connect_hint(error: &ConnectError) -> Option<String> {
    let contexts = |contexts: &[String]| match contexts {
        [] => "it has none; a cluster's own tool writes one (`kind export kubeconfig`, say)".to_owned(),
        some => format!("there are {}; choose with --context", some.join(", ")),
    };
    let hint = match error {
        ConnectError::NoKubeconfig { looked_at } => {
            let files: Vec<String> = looked_at.iter().map(|path| path.display().to_string()).collect();
            return Some(format!(
                "looked at {}; name one with --kubeconfig, or start a cluster",
                files.join(", ")
            ));
        }
        ConnectError::NoCurrentContext { contexts: known } => return Some(contexts(known)),
        ConnectError::UnknownContext { nearest: Some(nearest), .. } => {
            return Some(format!("did you mean `{nearest}`?"));
        }
        ConnectError::UnknownContext { contexts: known, .. } => return Some(contexts(known)),
        ConnectError::UnknownCluster { .. }
        | ConnectError::UnknownUser { .. }
        | ConnectError::NoServer { .. } => {
            "write the context anew with the tool that made it, or choose another with --context"
        }
        ConnectError::NothingListens { .. }
        | ConnectError::Unreachable { .. }
        | ConnectError::UnknownHost { .. }
        | ConnectError::TimedOut { .. } => IS_IT_UP,
        ConnectError::Untrusted { .. } => {
            "the cluster may have been made anew since this context was written, or something stands between; \
             write the context anew with the tool that made it"
        }
        ConnectError::Unauthorized { .. } | ConnectError::Credentials { .. } => LOG_IN,
        ConnectError::Forbidden { .. } => NO_RIGHT,
        ConnectError::NoVersion { .. } => {
            "is this the address of a Kubernetes API server? a proxy may have answered in its place"
        }
        ConnectError::UnreadableKubeconfig { .. }
        | ConnectError::Unmergeable { .. }
        | ConnectError::Unusable { .. } => return None,
    };
    Some(hint.to_owned())
}

fn engine_hint(error: &EngineError) -> Option<String> {
    let hint = match error {
        EngineError::Api { source, .. } => api_hint(source).unwrap_or(AGAIN),
        EngineError::Release(error) | EngineError::Istio(RenderError::Istioctl(error)) => {
            release_hint(error)?
        }
        EngineError::Istio(RenderError::Failed { .. }) => {
            "istioctl was given `istio.profile` and `istio.overlay` of the profile; one of them may be wrong"
        }
        EngineError::Istio(RenderError::Workspace(_)) | EngineError::Kubeconfig(_) => {
            "is there room in the folder for temporary files? TMPDIR names another"
        }
        EngineError::Istio(RenderError::TimedOut { .. }) => AGAIN,
        EngineError::Immutable(_) => {
            "nothing was changed; each is told above with what to do about it, and `plan` shows all that would be changed"
        }
        // All of them have the same.
        EngineError::Rights(findings) => {
            return Some(format!("nothing was changed; {}", findings.first()?.hint));
        }
        EngineError::Apply { failed, .. } | EngineError::NotRemoved { failed, .. } => {
            apply_hint(failed).unwrap_or(AGAIN)
        }
        EngineError::NotGone { .. } => {
            "what is left is still recorded: run the same command again once it may go"
        }
        EngineError::NotReady { failed: true, .. } => {
            "waiting longer would not help: mend what is named above, then run the same command again"
        }
        EngineError::NotReady { layer, .. } => {
            return Some(format!(
                "where `{layer}` only needs more time, run the same command again, or give it more with --timeout"
            ));
        }
        // All webhooks that are waited for are istiod's.
        EngineError::Silent { .. } => {
            "`kubectl logs -n istio-system deployment/istiod` may tell why; where it only needs more time, run \
             the same command again, or give it more with --timeout"
        }
        EngineError::Homeless(_) => {
            "write `namespace:` into each, or into the kustomization file of their folder"
        }
        EngineError::Images(error) => images_hint(error),
        EngineError::Checks(failed) if failed.iter().any(|failed| failed.check == "images") => {
            "a pod keeps the image that it was started with: restart what is named (`kubectl rollout restart`), then \
             run the same command again"
        }
        EngineError::Checks(_) => {
            "all is applied and ready, but not as promised; once it is mended, run the same command again"
        }
        EngineError::LeaseLost => "once no other run is on, run the same command again",
        EngineError::Istio(_) | EngineError::Own(_) | EngineError::Interrupted => return None,
    };
    Some(hint.to_owned())
}

fn images_hint(error: &ImageError) -> &'static str {
    match error {
        ImageError::Collision { .. } => {
            "the mirror keeps path and tag alone: give one of them another name in its layer (`images` in its \
             kustomization)"
        }
        ImageError::Contradiction { .. } => {
            "one of the two digests is old: take it out of the layer, or out of `images.digests`"
        }
        ImageError::Unmoved { .. } => {
            "name the image of this pod in full in its annotation `sidecar.istio.io/proxyImage`, or take out what \
             chooses another one for it"
        }
    }
}

/// For a request about no object of a layer.
fn api_hint(error: &ApiError) -> Option<&'static str> {
    match error {
        ApiError::Refused { status: StatusCode::UNAUTHORIZED, .. } | ApiError::Credentials { .. } => {
            Some(LOG_IN)
        }
        ApiError::Refused { status: StatusCode::FORBIDDEN, .. } => Some(NO_RIGHT),
        ApiError::Lost { .. } | ApiError::TimedOut { .. } => Some(IS_IT_UP),
        _ => None,
    }
}

/// For the first of them that something can be done about.
fn apply_hint(failed: &[FailedObject]) -> Option<&'static str> {
    failed.iter().find_map(|FailedObject { at, error, .. }| match error {
        ApiError::Conflict { .. } => Some(
            "leave these fields out of the layer, or take them with --force-conflicts; who manages them may take them \
             back",
        ),
        ApiError::Refused { message, .. } if message.contains("exceeded quota") => {
            Some("raise the ResourceQuota, or lower what the layer asks for")
        }
        ApiError::Refused { message, .. } if message.contains("denied the request") => {
            Some("a policy of this cluster refused it: change it as the policy says, or ask who keeps it")
        }
        ApiError::Refused { status: StatusCode::FORBIDDEN, message, .. } if message.contains("cannot") => {
            Some(NO_RIGHT)
        }
        ApiError::Refused { status: StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY, .. }
            if at.is_some() =>
        {
            Some("correct it in the file that is named")
        }
        ApiError::BeingDeleted { finalizers, .. } if !finalizers.is_empty() => Some(
            "whatever put the finalizer there has to take it away: see that its controller runs, then run the same \
             command again",
        ),
        ApiError::UnknownKind { .. } => {
            Some("install first what defines this kind (its CustomResourceDefinition), or add it to a layer")
        }
        _ => None,
    })
}

fn pin_hint(error: &PinError) -> Option<&'static str> {
    match error {
        PinError::Contradiction { .. } => Some(
            "one of them is another archive under the name of this one: use neither until you know which",
        ),
        PinError::NoChecksums { .. } => Some(
            "is there such a version? --mirror names another folder; or give the archives themselves, if they are \
             here",
        ),
        PinError::NotAChecksum { .. } | PinError::TooSlow { .. } => {
            Some("a proxy may have answered in its place; --mirror names another folder")
        }
        PinError::NowherePublished { failures, .. } => {
            let alarming = failures.iter().find(|failure| matches!(failure, PinError::Contradiction { .. }));
            alarming.or(failures.last()).and_then(pin_hint)
        }
        PinError::Request(
            error @ (ReleaseError::Tls { .. } | ReleaseError::Proxy { .. } | ReleaseError::Redirected { .. }),
        ) => release_hint(error),
        PinError::Request(_) => Some(
            "check the network and the proxy (HTTPS_PROXY); --mirror names another folder; or give the archives \
             themselves, if they are here",
        ),
        PinError::Unnamed { .. } | PinError::Several { .. } | PinError::Unreadable(_) => None,
    }
}

fn release_hint(error: &ReleaseError) -> Option<&'static str> {
    match error {
        ReleaseError::WrongDigest { is_page: true, .. } => Some(
            "a login page or a proxy may have answered in its place: open the address in a browser, or name another \
             place with --mirror",
        ),
        ReleaseError::WrongDigest { .. } => Some(
            "nothing of it was kept or run; a proxy or a mirror may have changed it, or the digest in the profile \
             is of another file",
        ),
        ReleaseError::NoneHasIt { failures, .. } => failures.iter().find_map(release_hint),
        ReleaseError::Unreachable { .. } | ReleaseError::Stalled { .. } | ReleaseError::Cut { .. } => Some(
            "check the network and the proxy (HTTPS_PROXY); or fetch it where there is a network \
             (`kubestock-install fetch --cache-dir DIR`) and bring DIR here",
        ),
        ReleaseError::Tls { why, .. } => tls_hint(why),
        ReleaseError::Redirected { .. } | ReleaseError::TooLarge { .. } => {
            Some("is the address right? --mirror, or `istio.source` in the profile, can name another place")
        }
        ReleaseError::Proxy { wants_password: true, .. }
        | ReleaseError::Refused { status: StatusCode::PROXY_AUTHENTICATION_REQUIRED, .. } => {
            Some("name them in the proxy's address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT")
        }
        ReleaseError::Proxy { .. } => Some(
            "does the proxy (HTTPS_PROXY) let this host through? NO_PROXY excepts hosts from it, and --mirror names \
             another place",
        ),
        ReleaseError::Refused { .. } if error.is_transient() => {
            Some("try again later; --mirror, or `istio.source` in the profile, can name another place")
        }
        ReleaseError::Refused { .. } => Some(
            "is it there, and for everyone? --mirror, or `istio.source` in the profile, can name another place",
        ),
        ReleaseError::Offline(_) => Some(
            "put the archive there under that name; or fetch it where there is a network \
             (`kubestock-install fetch --cache-dir DIR`), bring DIR here, and name it with --cache-dir",
        ),
        ReleaseError::Unreadable { .. }
        | ReleaseError::UnsafeEntry { .. }
        | ReleaseError::UnsafeArchive { .. }
        | ReleaseError::Missing { .. } => Some(
            "its digest is right, so that no other source has a better one: is it the digest of an archive of Istio's? \
             nothing of it was kept or run",
        ),
        ReleaseError::NoArchive { .. } => {
            Some("`kubestock-install pin` prints the digests of a version for `istio.digests` in the profile")
        }
        ReleaseError::Cache { .. } => Some("give another folder with --cache-dir"),
        ReleaseError::NoRoom { .. } => Some("make room there, or give a folder elsewhere with --cache-dir"),
        ReleaseError::Tampered { .. } => Some("delete the folder, and it is fetched again"),
        _ => None,
    }
}

fn tls_hint(why: &rustls::Error) -> Option<&'static str> {
    match why {
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => Some(
            "where a server or a proxy of your own has a certificate by your own authority, name the authority's \
             PEM file with --ca-bundle",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => Some(
            "is this machine's clock right? if so, whoever keeps the server has to renew it; --ca-bundle is no help",
        ),
        rustls::Error::InvalidCertificate(_) => Some(
            "is the address right? a proxy may have answered in its place: if it is one of your own, it needs a \
             certificate for this host by an authority that --ca-bundle names",
        ),
        _ => Some("is the address right? a proxy may have answered in its place"),
    }
}
