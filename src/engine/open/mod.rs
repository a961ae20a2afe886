//! The way from a port of this machine to what stands behind a Service: one port-forward for each connection, to a pod that is
//! ready then.

mod behind;
mod error;
mod find;

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::{ApiError, Cluster};
use crate::object::{Object, ObjectId};

pub use error::OpenError;
pub use find::find;

/// How often a pod that is ready is looked for while there is none.
const LOOK: Duration = Duration::from_secs(1);

/// How long a connection waits for one: about as long as browsers do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port of a Service.
#[derive(Clone, Debug)]
pub struct Door {
    cluster: Cluster,
    service: Object,
    /// The Service's own.
    pub port: u16,
}

/// What is to be told of a way that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// No pod is ready, or none can be reached, and why; said once.
    Waiting(String),
    /// Connections are taken to this pod: said at the beginning, and after a wait.
    Open { pod: ObjectId, port: u16 },
}

impl Door {
    pub fn service(&self) -> ObjectId {
        self.service.id()
    }

    /// A port of this machine: exactly `port` where it is given; else the Service's own, or any that is free.
    ///
    /// # Errors
    /// [`OpenError::Taken`].
    pub async fn listen(&self, port: Option<u16>) -> Result<TcpListener, OpenError> {
        let bind = async |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        match port {
            Some(port) => bind(port).await.map_err(|source| OpenError::Taken { port, source }),
            None => match bind(self.port).await {
                Ok(listener) => Ok(listener),
                Err(_) => bind(0).await.map_err(|source| OpenError::Taken { port: 0, source }),
            },
        }
    }

    /// Takes connections to the Service's pods for as long as it is awaited; `opened` hears once that there is a way.
    ///
    /// # Errors
    /// Where the user may not go there.
    pub async fn serve(
        &self,
        listener: TcpListener,
        opened: impl FnOnce(),
        tell: impl Fn(Way) + Send + Sync + 'static,
    ) -> Result<Infallible, OpenError> {
        let guide = Arc::new(Guide { door: self.clone(), told: Mutex::default(), tell });
        guide.first().await?;
        opened();
        // Those that are on their way end with the set.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((connection, _)) => {
                        let guide = guide.clone();
                        connections.spawn(async move { guide.lead(connection).await });
                    }
                    // Out of file descriptors, say: those that are open give theirs back.
                    Err(_) => tokio::time::sleep(LOOK).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// A pod that is ready, and its port.
    async fn pod(&self) -> Result<(Object, u16), Obstacle> {
        let selector = behind::selector(&self.service);
        let pods = self.cluster.list("v1", "Pod", self.service.namespace(), Some(&selector)).await?;
        behind::ready(&self.service, self.port, pods).map_err(Obstacle::NotReady)
    }
}

/// Why there is no way now.
#[derive(Debug)]
enum Obstacle {
    NotReady(String),
    Api(ApiError),
}

impl From<ApiError> for Obstacle {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// Leads connections, and tells once that they wait, and once that they do not any more.
struct Guide<T> {
    door: Door,
    told: Mutex<Option<Told>>,
    tell: T,
}

/// What was told last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Waiting,
    Open,
}

impl<T: Fn(Way) + Send + Sync> Guide<T> {
    /// Waits until there is a way.
    async fn first(&self) -> Result<(), OpenError> {
        loop {
            match self.step_in().await {
                Ok(_) => return Ok(()),
                Err(Obstacle::Api(error)) if is_forbidden(&error) => return Err(error.into()),
                Err(why) => self.waits(why),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn lead(&self, mut connection: TcpStream) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.step_in().await {
                Ok(mut way) => {
                    // How a connection ends is for its two ends to say.
                    let _ = copy_bidirectional(&mut connection, &mut way).await;
                    return;
                }
                Err(why) => self.waits(why),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn step_in(&self) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<T>, Obstacle> {
        let (pod, port) = self.door.pod().await?;
        let namespace = pod.namespace().unwrap_or_default();
        let way = self.door.cluster.connect_to_pod(namespace, pod.name(), port).await?;
        self.tell(Told::Open, || Way::Open { pod: pod.id(), port });
        Ok(way)
    }

    fn waits(&self, why: Obstacle) {
        self.tell(Told::Waiting, || match why {
            Obstacle::NotReady(why) => Way::Waiting(why),
            Obstacle::Api(error) => Way::Waiting(error.to_string()),
        });
    }

    /// Only what is not what was told last.
    fn tell(&self, now: Told, way: impl FnOnce() -> Way) {
        let before = self.told.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
        if before != Some(now) {
            (self.tell)(way());
        }
    }
}

fn is_forbidden(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { status: StatusCode::FORBIDDEN, .. })
}
