use super::{Door, OpenError, behind};
use crate::cluster::Cluster;
use crate::istio::release::Addon;
use crate::object::{Object, ObjectId, nearest};
use crate::verify;

/// Where Istio and its addons are, unless somebody says otherwise.
const ISTIO: &str = "istio-system";

/// The Service of this name, or of the addon of this name, in the namespace or in whichever has it.
///
/// # Errors
/// Where there is none, or several are as good as each other: with what there is.
pub async fn find(cluster: &Cluster, name: &str, namespace: Option<&str>) -> Result<Door, OpenError> {
    let (services, namespaces) = tokio::join!(
        cluster.list("v1", "Service", namespace, None),
        cluster.list("v1", "Namespace", None, None),
    );
    // Who may not read namespaces can still name one.
    let namespaces = namespaces.unwrap_or_default();
    let service = chosen(name, namespace, services?, &namespaces)?;
    if behind::selector(&service).is_empty() {
        return Err(OpenError::NoPods { service: service.id() });
    }
    let Some(port) = behind::port(&service) else { return Err(OpenError::NoPort { service: service.id() }) };
    Ok(Door { cluster: cluster.clone(), service, port })
}

fn chosen(
    name: &str,
    namespace: Option<&str>,
    services: Vec<Object>,
    namespaces: &[Object],
) -> Result<Object, OpenError> {
    let addon = Addon::named(name);
    let wanted = match addon {
        Some(addon) => verify::service_of(addon),
        None => name,
    };
    let (mut found, others): (Vec<Object>, Vec<Object>) =
        services.into_iter().partition(|service| service.name() == wanted);
    // An addon is Istio's; a service is one of the mesh, and a copy of it elsewhere is hardly meant.
    let is_preferred = |service: &Object| match addon {
        Some(_) => service.namespace() == Some(ISTIO),
        None => {
            namespaces.iter().any(|one| Some(one.name()) == service.namespace() && verify::is_labelled(one))
        }
    };
    if found.len() > 1 && found.iter().filter(|service| is_preferred(service)).count() == 1 {
        found.retain(is_preferred);
    }
    match found.len() {
        0 => Err(unknown(name, namespace, &others)),
        1 => Ok(found.remove(0)),
        _ => Err(OpenError::Ambiguous {
            name: wanted.to_owned(),
            found: found.iter().map(Object::id).collect(),
        }),
    }
}

fn unknown(name: &str, namespace: Option<&str>, others: &[Object]) -> OpenError {
    let others: Vec<ObjectId> =
        others.iter().filter(|service| !behind::selector(service).is_empty()).map(Object::id).collect();
    OpenError::NoService {
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        nearest: nearest(name, others.iter().map(|service| service.name.as_str())),
        others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::yaml::parse_documents;

    const SERVICES: &str = "
- {name: kiali, in: istio-system}
- {name: tracing, in: istio-system}
- {name: tracing, in: observability}
- {name: frontend, in: kubestock-staging}
- {name: frontend, in: default}
- {name: web, in: a}
- {name: web, in: b}
";

    fn services() -> Vec<Object> {
        let list = parse_documents(SERVICES).unwrap().remove(0).value;
        let service = |it: &serde_json::Value| {
            Object::new(serde_json::json!({"apiVersion": "v1", "kind": "Service",
                "metadata": {"name": it["name"], "namespace": it["in"]},
                "spec": {"selector": {"app": it["name"]}, "ports": [{"port": 80}]}}))
        };
        list.as_array().unwrap().iter().map(|it| service(it).unwrap()).collect()
    }

    fn choice(name: &str) -> String {
        let meshed = serde_json::json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "kubestock-staging", "labels": {"istio-injection": "enabled"}}});
        match chosen(name, None, services(), &[Object::new(meshed).unwrap()]) {
            Ok(service) => service.id().to_string(),
            Err(OpenError::Ambiguous { found, .. }) => format!("{} are as good", found.len()),
            Err(OpenError::NoService { nearest, .. }) => format!("none, perhaps {nearest:?}"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_one_that_is_meant_is_taken_and_none_is_guessed() {
        let table = [
            ("kiali", "Service/istio-system/kiali"),
            ("jaeger", "Service/istio-system/tracing"),
            ("tracing", "2 are as good"),
            ("frontend", "Service/kubestock-staging/frontend"),
            ("web", "2 are as good"),
            ("fronted", "none, perhaps Some(\"frontend\")"),
            ("grafana", "none, perhaps None"),
        ];
        for (name, expected) in table {
            assert_eq!(choice(name), expected, "{name}");
        }
    }
}
