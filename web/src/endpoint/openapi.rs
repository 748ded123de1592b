use super::declaration::{Access, Endpoint, Place, schema_of};
use super::table::ENDPOINTS;
use crate::login::{SESSION_COOKIE, WALL_COOKIE};
use carillon_api::{Code, PROBLEM_CONTENT_TYPE, Problem};
use std::collections::BTreeMap;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    ResponseBuilder, Schema, Type,
};

const ACCOUNT_KEY: &str = "account_key";
const ACCOUNT_NAME_AND_KEY: &str = "account_name_and_key";
const ACCOUNT_SIGNATURE: &str = "account_signature";
const OPERATOR: &str = "operator";
const CSRF: &str = "operator_csrf";
const WALL: &str = "wall";

/// The OpenAPI 3.1 document of every endpoint of the table.
pub fn document() -> OpenApi {
    let (components, _) = schema_of::<Problem>(ComponentsBuilder::new());
    let mut components = components
        .security_scheme(
            ACCOUNT_KEY,
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some("The API key of an account."))
                    .build(),
            ),
        )
        .security_scheme(
            ACCOUNT_NAME_AND_KEY,
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Basic)
                    .description(Some("The name of an account and its API key."))
                    .build(),
            ),
        )
        .security_scheme(
            ACCOUNT_SIGNATURE,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "Authorization",
                "`CARILLON-HMAC-SHA256 account=…,timestamp=…,nonce=…,signature=…`: the Base64 of HMAC-SHA256, under the \
                 account's secret, of method, path with query, timestamp, nonce and the body's SHA-256 in hex, with a line \
                 feed between them.",
            ))),
        )
        .security_scheme(
            OPERATOR,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                SESSION_COOKIE,
                "Set by `POST /v1/login`.",
            ))),
        )
        .security_scheme(
            CSRF,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "X-CSRF-Token",
                "What `POST /v1/login` and `GET /v1/session` tell as `csrf`; with everything that changes something.",
            ))),
        )
        .security_scheme(
            WALL,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                WALL_COOKIE,
                "Set by `POST /v1/wall/session`.",
            ))),
        );
    let mut paths = Paths::new();
    for endpoint in ENDPOINTS {
        let (next, operation) = operation(endpoint, components);
        components = next;
        paths.add_path_operation(endpoint.path, vec![http_method(endpoint)], operation);
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Carillon")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Messages to people through every channel that reaches them. Errors are problems (RFC 9457) with a code.",
                )),
        )
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn operation(
    endpoint: &Endpoint,
    mut components: ComponentsBuilder,
) -> (ComponentsBuilder, OperationBuilder) {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(endpoint)))
        .tag(tag(endpoint.access))
        .summary(Some(endpoint.summary));
    if !endpoint.description.is_empty() {
        operation = operation.description(Some(endpoint.description));
    }
    for name in path_parameters(endpoint.path) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True);
        operation = operation.parameter(parameter.schema(Some(text_schema())));
    }
    for parameter in endpoint.parameters {
        let place = match parameter.place {
            Place::Query => ParameterIn::Query,
            Place::Header => ParameterIn::Header,
        };
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(parameter.name)
                .parameter_in(place)
                .required(if parameter.required {
                    Required::True
                } else {
                    Required::False
                })
                .description(Some(parameter.description))
                .schema(Some(text_schema())),
        );
    }
    if let Some(body) = &endpoint.body {
        let mut request = RequestBodyBuilder::new()
            .description(Some(body.description))
            .required(Some(Required::True));
        for (media_type, schema_of) in body.contents {
            let (next, schema) = schema_of(components);
            components = next;
            request = request.content(*media_type, Content::new(Some(schema)));
        }
        operation = operation.request_body(Some(request.build()));
    }
    let success = &endpoint.success;
    let mut answer = ResponseBuilder::new().description(success.description);
    if !success.media_type.is_empty() {
        let schema = success.schema.map(|schema_of| {
            let (next, schema) = schema_of(std::mem::take(&mut components));
            components = next;
            schema
        });
        answer = answer.content(success.media_type, Content::new(schema));
    }
    operation = operation.response(success.status.to_string(), answer.build());
    for (status, codes) in problems(endpoint) {
        operation = operation.response(status.to_string(), problem_response(&codes));
    }
    for schemes in security(endpoint) {
        let all = schemes
            .iter()
            .fold(SecurityRequirement::default(), |all, scheme| {
                all.add::<_, [&str; 0], &str>(*scheme, [])
            });
        operation = operation.security(all);
    }
    (components, operation)
}

/// What opens an endpoint: all schemes of one of the lists.
fn security(endpoint: &Endpoint) -> &'static [&'static [&'static str]] {
    match endpoint.access {
        Access::Public => &[],
        Access::Operator if endpoint.method.is_safe() => &[&[OPERATOR]],
        Access::Operator => &[&[OPERATOR, CSRF]],
        Access::Live => &[&[OPERATOR], &[WALL]],
        Access::Wall => &[&[WALL]],
        Access::Send | Access::Query | Access::Feed | Access::Campaign => {
            &[&[ACCOUNT_KEY], &[ACCOUNT_NAME_AND_KEY], &[ACCOUNT_SIGNATURE]]
        }
    }
}

/// The codes an endpoint answers with, by status.
fn problems(endpoint: &Endpoint) -> BTreeMap<u16, Vec<Code>> {
    let access: &[Code] = match endpoint.access {
        Access::Public => &[],
        Access::Operator if endpoint.method.is_safe() => &[Code::Unauthenticated, Code::NotAllowed],
        Access::Operator => &[
            Code::Unauthenticated,
            Code::CsrfTokenWrong,
            Code::NotAllowed,
            Code::CrossSite,
        ],
        Access::Live => &[Code::Unauthenticated, Code::WallTokenInvalid, Code::CrossSite],
        Access::Wall => &[Code::WallTokenInvalid],
        Access::Send | Access::Query | Access::Feed | Access::Campaign => &[
            Code::Unauthenticated,
            Code::RequestSignatureWrong,
            Code::RequestTimestampInvalid,
            Code::NonceUsed,
            Code::Overloaded,
            Code::AccountDisabled,
            Code::OtherLane,
            Code::ModuleNotGranted,
        ],
    };
    let body: &[Code] = match endpoint.body {
        None => &[],
        Some(_) => &[
            Code::InvalidJson,
            Code::InvalidField,
            Code::InvalidParameter,
            Code::PayloadTooLarge,
            Code::UnsupportedMediaType,
            Code::RequestTimeout,
        ],
    };
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for &code in access
        .iter()
        .chain(body)
        .chain(endpoint.errors)
        .chain(&[Code::Internal])
    {
        by_status.entry(code.status()).or_default().push(code);
    }
    by_status
}

fn problem_response(codes: &[Code]) -> utoipa::openapi::Response {
    let description = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.word(), code.description()))
        .collect::<Vec<_>>()
        .join("\n\n");
    ResponseBuilder::new()
        .description(description)
        .content(
            PROBLEM_CONTENT_TYPE,
            Content::new(Some(Ref::from_schema_name("Problem"))),
        )
        .build()
}

fn http_method(endpoint: &Endpoint) -> HttpMethod {
    match endpoint.method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// `get_v1_messages_id`: stable as long as the path is.
fn operation_id(endpoint: &Endpoint) -> String {
    let path: String = endpoint.path.chars().filter(|c| !"{}".contains(*c)).collect();
    format!(
        "{}{}",
        endpoint.method.as_str().to_ascii_lowercase(),
        path.replace(['/', '.'], "_")
    )
}

fn tag(access: Access) -> &'static str {
    match access {
        Access::Public => "service",
        Access::Operator => "operators",
        Access::Live | Access::Wall => "walls",
        Access::Send | Access::Query | Access::Feed => "messages",
        Access::Campaign => "campaigns",
    }
}

fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn text_schema() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_every_endpoint_and_every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for endpoint in ENDPOINTS {
            let method = endpoint.method.as_str().to_ascii_lowercase();
            let operation = &document["paths"][endpoint.path][&method];
            assert!(
                operation["responses"][endpoint.success.status.to_string()].is_object(),
                "{}",
                endpoint.path
            );
            assert_eq!(
                operation["security"].is_array(),
                endpoint.access != Access::Public,
                "{}",
                endpoint.path
            );
        }
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(
                document["components"]["schemas"][name].is_object(),
                "{name} is missing"
            );
        }
    }

    #[test]
    fn every_code_is_told_by_some_endpoint_or_is_one_of_the_router() {
        let of_the_router = [Code::MethodNotAllowed];
        for &code in Code::ALL {
            let told = ENDPOINTS
                .iter()
                .any(|endpoint| problems(endpoint).values().flatten().any(|&c| c == code));
            assert!(
                told || of_the_router.contains(&code),
                "{} is told nowhere",
                code.word()
            );
        }
    }
}
