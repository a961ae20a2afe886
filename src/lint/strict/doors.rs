use std::collections::BTreeSet;

use super::super::ports::{ports, selects};
use super::super::scene::Scene;
use super::called;
use super::members::Closed;
use crate::object::Object;

/// The Services that lead to a closed port.
#[derive(Debug)]
pub(super) struct Doors<'a>(Vec<Door<'a>>);

/// A port of a Service, with the pods behind it that are closed.
#[derive(Clone, Debug)]
pub(super) struct Door<'a> {
    pub(super) service: &'a Object,
    pub(super) port: u64,
    port_name: Option<&'a str>,
    /// What the pods' workloads are called.
    pub(super) pods: BTreeSet<&'a str>,
    pub(super) answers_today: bool,
}

impl<'a> Doors<'a> {
    pub(super) fn of(scene: &Scene<'a>, closed: &[Closed<'a>]) -> Self {
        let mut doors: Vec<Door<'a>> = Vec::new();
        for service in scene.there("", "Service") {
            let behind: Vec<&Closed<'_>> = closed
                .iter()
                .filter(|closed| {
                    Some(closed.pods.namespace) == service.namespace() && selects(service, &closed.pods)
                })
                .collect();
            for port in ports(service).filter(|port| port["protocol"] != "UDP" && port["protocol"] != "SCTP")
            {
                let Some(number) = port["port"].as_u64() else { continue };
                let closed: Vec<&&Closed<'_>> = behind
                    .iter()
                    .filter(|closed| closed.target(port).and_then(|target| closed.by(target)).is_some())
                    .collect();
                if !closed.is_empty() {
                    doors.push(Door {
                        service,
                        port: number,
                        port_name: port["name"].as_str(),
                        pods: closed.iter().map(|closed| called(closed.pods.owner)).collect(),
                        answers_today: closed.iter().any(|closed| closed.answers_today),
                    });
                }
            }
        }
        Self(doors)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Door<'a>> {
        self.0.iter()
    }

    /// The closed ports of one Service.
    pub(super) fn of_service(&self, namespace: &str, name: &str) -> impl Iterator<Item = &Door<'a>> {
        self.iter()
            .filter(move |door| door.service.name() == name && door.service.namespace() == Some(namespace))
    }
}

impl Door<'_> {
    /// Whether it is the port of this number or name.
    pub(super) fn is(&self, port: &serde_json::Value) -> bool {
        port.as_u64() == Some(self.port) || (port.is_string() && port.as_str() == self.port_name)
    }

    /// `web.shop:80`
    pub(super) fn address(&self) -> String {
        let namespace = self.service.namespace().unwrap_or_default();
        format!("{}.{namespace}:{}", self.service.name(), self.port)
    }
}
