use std::io;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::FIELD_MANAGER;
use super::apply::METADATA_ONLY;
use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::kinds::Resource;
use super::request::{Call, JSON};
use crate::object::{Object, ObjectId};

/// What becomes of what an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cascade {
    /// It goes after the object.
    Background,
    /// It goes before the object: when this is gone, its pods are.
    Foreground,
}

pub(super) const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// How many objects a page of a list holds at most, as for client-go.
const PAGE: &str = "500";

/// After a million objects, a list is one that does not end.
const MOST_PAGES: usize = 2_000;

/// One object's place in the API.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) resource: Resource,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) subject: Arc<Subject>,
}

impl Place {
    /// The path of the object itself.
    pub(super) fn path(&self, query: &[(&str, &str)]) -> Result<String, ApiError> {
        if self.name.is_empty() {
            // Without a name, the path is that of all objects of the kind.
            return Err(ApiError::Nameless { group_kind: self.resource.group_kind() });
        }
        self.build(&self.name, query)
    }

    /// The path that the object is created at.
    pub(super) fn collection(&self, query: &[(&str, &str)]) -> Result<String, ApiError> {
        self.build("", query)
    }

    fn build(&self, name: &str, query: &[(&str, &str)]) -> Result<String, ApiError> {
        let path = self.resource.path(self.namespace.as_deref(), name, query);
        path.map_err(|error| ApiError::Unreadable { subject: self.subject.clone(), source: Arc::new(error) })
    }
}

impl Cluster {
    /// The live state of the object with this object's kind, namespace and name; None where there is none.
    pub async fn get(&self, object: &Object) -> Result<Option<Object>, ApiError> {
        self.read(object.api_version(), object.kind(), object.namespace(), object.name()).await
    }

    /// The object of this name; None where there is none. An object of a namespaced kind without a namespace
    /// is looked for in the context's one.
    pub async fn read(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Object>, ApiError> {
        let place = self.place(api_version, kind, namespace, name).await?;
        self.live(&place, JSON).await
    }

    /// All objects of a kind, in a namespace or in all, that `selector` picks by their labels. Read in pages;
    /// what changes while they are read may show or not.
    pub async fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<Vec<Object>, ApiError> {
        self.pages(api_version, kind, namespace, selector, JSON, MOST_PAGES).await
    }

    /// The same, of each object its metadata alone.
    pub async fn list_metadata(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<Vec<Object>, ApiError> {
        self.pages(api_version, kind, namespace, selector, METADATA_LIST, MOST_PAGES).await
    }

    /// # Errors
    /// Also where the list does not end within so many pages.
    pub(super) async fn pages(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
        accept: &'static str,
        most: usize,
    ) -> Result<Vec<Object>, ApiError> {
        let resource = self.resource(api_version, kind).await?;
        let group_kind = resource.group_kind();
        let subject = Arc::new(Subject::Kind { group_kind, namespace: namespace.map(str::to_owned) });
        let mut objects = Vec::new();
        let mut more = String::new();
        for _ in 0..most {
            let mut query = vec![("limit", PAGE)];
            query.extend(selector.map(|selector| ("labelSelector", selector)));
            query.extend((!more.is_empty()).then_some(("continue", more.as_str())));
            let path = resource.path(namespace, "", &query).map_err(|error| unreadable(&subject, error))?;
            let call = Call::get(path, &subject).accepting(accept);
            let (_, mut page) = call.json(self.client()).await?;
            if let Value::Array(items) = page["items"].take() {
                for mut item in items {
                    if accept == METADATA_LIST
                        && let Value::Object(fields) = &mut item
                    {
                        // What they say of their kind is that they are metadata.
                        fields.remove("apiVersion");
                        fields.remove("kind");
                    }
                    objects.push(typed(item, &resource).map_err(|error| unreadable(&subject, error))?);
                }
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => more = token.to_owned(),
                _ => return Ok(objects),
            }
        }
        Err(unreadable(&subject, io::Error::other("the list has no end")))
    }

    /// What the server would make of this object as a new one: defaulted, mutated, validated and admitted, but
    /// not stored. Refused where it is there already.
    pub async fn dry_run_create(&self, object: &Object) -> Result<Object, ApiError> {
        self.post(object, &[("dryRun", "All"), ("fieldManager", FIELD_MANAGER)]).await
    }

    /// Creates an object, for which the server finds a name where it has a `generateName`; what it made of it.
    pub async fn create(&self, object: &Object) -> Result<Object, ApiError> {
        self.post(object, &[("fieldManager", FIELD_MANAGER)]).await
    }

    async fn post(&self, object: &Object, query: &[(&str, &str)]) -> Result<Object, ApiError> {
        let place = self.place_of(object).await?;
        let path = place.collection(query)?;
        let call = Call::send(Method::POST, path, &object.to_value(), &place.subject);
        self.object(call).await.map(|(_, object)| object)
    }

    /// Asks for the removal of this very object, where it was read from the server, and not of another that has taken its
    /// name since. False where it was not there.
    pub async fn delete(&self, object: &Object, cascade: Cascade) -> Result<bool, ApiError> {
        let place = self.place_of(object).await?;
        let policy = match cascade {
            Cascade::Background => "Background",
            Cascade::Foreground => "Foreground",
        };
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy});
        if let Some(uid) = object.text("/metadata/uid") {
            options["preconditions"] = json!({"uid": uid});
        }
        let call = Call::send(Method::DELETE, place.path(&[])?, &options, &place.subject);
        match call.text(self.client()).await {
            Ok(_) => Ok(true),
            // A conflict is another object of the name.
            Err(error) if error.is_not_found() || error.is_race() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The metadata of the object that was read, as the server has it now; None where it is gone.
    pub async fn remains(&self, object: &Object) -> Result<Option<Object>, ApiError> {
        let live = self.live(&self.place_of(object).await?, METADATA_ONLY).await?;
        let live = live.filter(|live| live.text("/metadata/uid") == object.text("/metadata/uid"));
        // Its metadata comes as an object of a kind of its own.
        Ok(live.map(|mut live| {
            for field in ["apiVersion", "kind"] {
                live.fields_mut().insert(field.to_owned(), object.text(&format!("/{field}")).into());
            }
            live
        }))
    }

    pub(super) async fn place_of(&self, object: &Object) -> Result<Place, ApiError> {
        self.place(object.api_version(), object.kind(), object.namespace(), object.name()).await
    }

    pub(super) async fn place(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Place, ApiError> {
        let resource = self.resource(api_version, kind).await?;
        let namespace = namespace.unwrap_or(self.client().default_namespace());
        let namespace = resource.namespaced.then(|| namespace.to_owned());
        let subject = Arc::new(Subject::Object(ObjectId {
            group_kind: resource.group_kind(),
            namespace: namespace.clone(),
            name: name.to_owned(),
        }));
        Ok(Place { resource, namespace, name: name.to_owned(), subject })
    }

    /// The object, or as much of it as `accept` asks for.
    pub(super) async fn live(&self, place: &Place, accept: &'static str) -> Result<Option<Object>, ApiError> {
        let call = Call::get(place.path(&[])?, &place.subject).accepting(accept);
        match self.object(call).await {
            Ok((_, object)) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The answer as an object.
    pub(super) async fn object(&self, call: Call<'_>) -> Result<(StatusCode, Object), ApiError> {
        let subject = call.subject;
        let (status, value) = call.json(self.client()).await?;
        let object = Object::new(value).map_err(|error| unreadable(subject, error))?;
        Ok((status, object))
    }
}

/// An item of a list: those of built-in kinds come without their type.
pub(super) fn typed(mut item: Value, resource: &Resource) -> Result<Object, crate::object::NotAnObject> {
    if let Value::Object(fields) = &mut item {
        for (key, value) in [("apiVersion", &resource.api_version), ("kind", &resource.kind)] {
            fields.entry(key).or_insert_with(|| value.as_str().into());
        }
    }
    Object::new(item)
}

fn unreadable(subject: &Arc<Subject>, error: impl std::error::Error + Send + Sync + 'static) -> ApiError {
    ApiError::Unreadable { subject: subject.clone(), source: Arc::new(error) }
}
