//! `/api/openapi.json` and `/api/docs`: the API document, and the page made from it.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data};
use askama::Template;
use serde_json::Value;

use crate::error::Error;
use crate::http::route::{HandlerResult, Route};
use crate::state::Services;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/openapi.json", || web::route().to(get_document)),
        Route::get("/api/docs", || web::route().to(show_docs)),
    ]
}

/// The OpenAPI document as JSON, kept in the application's data.
pub struct ApiDocument(pub String);

/// Get the OpenAPI document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "About", security(()),
    responses((status = 200, body = serde_json::Value)))]
pub(super) async fn get_document(
    document: Data<ApiDocument>,
    services: Data<Services>,
) -> HandlerResult {
    let text = match services.settings.base_path() {
        "" => document.0.clone(),
        base => with_base_path(&document.0, base)?,
    };
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(text))
}

/// Adds the base path as a server (OpenAPI 3.1, Server Object).
fn with_base_path(document: &str, base: &str) -> Result<String, Error> {
    let mut document: Value = serde_json::from_str(document).map_err(Error::internal)?;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("servers".into(), serde_json::json!([{ "url": base }]));
    }
    Ok(document.to_string())
}

/// An operation on the page.
struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    is_open: bool,
    parameters: Vec<FieldLine>,
    body: Vec<FieldLine>,
    responses: Vec<FieldLine>,
}

/// Name, type and description of a field, parameter or response.
struct FieldLine {
    name: String,
    kind: String,
    description: String,
}

struct OperationGroup {
    name: String,
    operations: Vec<Operation>,
}

#[derive(Template)]
#[template(path = "pages/api_docs.html")]
struct DocsPage {
    assets: &'static str,
    version: &'static str,
    base: String,
    groups: Vec<OperationGroup>,
}

/// Show the API documentation.
#[utoipa::path(get, path = "/api/docs", tag = "About", security(()), responses((status = 200, body = String, content_type = "text/html")))]
pub(super) async fn show_docs(
    document: Data<ApiDocument>,
    services: Data<Services>,
) -> HandlerResult {
    let document: Value = serde_json::from_str(&document.0).map_err(Error::internal)?;
    let page = DocsPage {
        assets: crate::http::static_files::base(),
        version: env!("CARGO_PKG_VERSION"),
        base: services.settings.base_path().to_owned(),
        groups: groups(&document),
    };
    let html = page.render().map_err(Error::internal)?;
    Ok(crate::http::response::html::html_response(HttpResponse::Ok(), html))
}

/// Groups the operations of the document by their first tag, in the order in which the document lists its tags.
fn groups(document: &Value) -> Vec<OperationGroup> {
    let mut groups: Vec<OperationGroup> = items(get(document, "/tags"))
        .map(|tag| OperationGroup { name: text(get(tag, "/name")), operations: Vec::new() })
        .collect();
    for (path, methods) in get(document, "/paths").as_object().into_iter().flatten() {
        for (method, description) in methods.as_object().into_iter().flatten() {
            let tag = text(get(description, "/tags/0"));
            if let Some(group) = groups.iter_mut().find(|group| group.name == tag) {
                group.operations.push(operation(document, path, method, description));
            }
        }
    }
    groups
}

/// Converts one operation of the OpenAPI document into the lines that the page shows; `description` is its Operation
/// Object.
fn operation(document: &Value, path: &str, method: &str, description: &Value) -> Operation {
    let parameter = |definition: &Value| FieldLine {
        name: text(get(definition, "/name")),
        kind: type_name(document, get(definition, "/schema")),
        description: text(get(definition, "/description")),
    };

    let content = get(description, "/requestBody/content");
    // The page shows only the first media type of the request body.
    let schema = content
        .as_object()
        .and_then(|kinds| kinds.values().next())
        .map_or(&Value::Null, |kind| get(kind, "/schema"));

    // The page shows the type of the first content.
    let response_line = |(status, response): (&String, &Value)| {
        let body = get(response, "/content").as_object().and_then(|kinds| kinds.iter().next());
        FieldLine {
            name: if status == "default" { "4xx, 5xx".into() } else { status.clone() },
            kind: body
                .map(|(mime, description)| {
                    schema_name(get(description, "/schema")).unwrap_or_else(|| mime.clone())
                })
                .unwrap_or_default(),
            description: text(get(response, "/description")),
        }
    };

    // `security: [{}]` marks an operation that needs no authentication.
    Operation {
        anchor: text(get(description, "/operationId")),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(get(description, "/summary")),
        is_open: *get(description, "/security") == serde_json::json!([{}]),
        parameters: items(get(description, "/parameters")).map(parameter).collect(),
        body: fields(document, schema),
        responses: get(description, "/responses")
            .as_object()
            .into_iter()
            .flatten()
            .map(response_line)
            .collect(),
    }
}

/// Lists the fields of a schema.
fn fields(document: &Value, schema: &Value) -> Vec<FieldLine> {
    let schema = resolve_reference(document, schema);
    let field = |(name, description): (&String, &Value)| FieldLine {
        name: name.clone(),
        kind: type_name(document, description),
        description: text(get(description, "/description")),
    };
    get(schema, "/properties").as_object().into_iter().flatten().map(field).collect()
}

/// Names a schema's type for readers: its possible values, its format or its JSON types, without null.
fn type_name(document: &Value, schema: &Value) -> String {
    let schema = resolve_reference(document, schema);
    let choices: Vec<_> =
        items(get(schema, "/enum")).map(text).filter(|word| !word.is_empty()).collect();
    if !choices.is_empty() {
        return choices.join(" | ");
    }

    // A nullable reference is written as `oneOf` with null and the referenced schema.
    if let Some(alternative) =
        items(get(schema, "/oneOf")).find(|alternative| *get(alternative, "/type") != "null")
    {
        return type_name(document, alternative);
    }
    let words: Vec<_> = match get(schema, "/type") {
        Value::Array(words) => words.iter().map(text).filter(|word| word != "null").collect(),
        word => vec![text(word)],
    };
    let format = text(get(schema, "/format"));
    // Formats such as `int64` are of no use to readers, so the JSON type is shown instead.
    if format.is_empty() || format.starts_with("int") { words.join(" | ") } else { format }
}

fn resolve_reference<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    schema_name(schema).map_or(schema, |name| {
        document.pointer(&format!("/components/schemas/{name}")).unwrap_or(schema)
    })
}

fn schema_name(schema: &Value) -> Option<String> {
    Some(get(schema, "/$ref").as_str()?.rsplit('/').next()?.to_owned())
}

fn get<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
