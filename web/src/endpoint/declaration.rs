use actix_web::Route;
use actix_web::http::Method;
use carillon_api::Code;
use utoipa::ToSchema;
use utoipa::openapi::{ComponentsBuilder, Ref, RefOr, Schema};

/// One method of one path.
pub struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    pub summary: &'static str,
    pub description: &'static str,
    /// In the query and in headers; those in the path are read from `path`.
    pub parameters: &'static [Parameter],
    pub body: Option<Body>,
    pub success: Success,
    /// Codes besides those of its access, of its body and of every endpoint.
    pub errors: &'static [Code],
    pub handler: fn() -> Route,
}

/// Who may call an endpoint. Its handler takes the extractor of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Public,
    /// [`crate::right::SendRight`]
    Send,
    /// [`crate::right::QueryRight`]
    Query,
    /// [`crate::right::FeedRight`]
    Feed,
    /// [`crate::right::CampaignRight`]
    Campaign,
    /// [`crate::right::OperatorRight`]
    Operator,
    /// [`crate::right::LiveRight`]
    Live,
    /// [`crate::right::WallRight`]
    Wall,
}

pub struct Parameter {
    pub name: &'static str,
    pub place: Place,
    pub required: bool,
    pub description: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Query,
    Header,
}

/// A request body: its media types and schemas.
pub struct Body {
    pub description: &'static str,
    pub contents: &'static [(&'static str, SchemaOf)],
}

/// The answer when all is well.
pub struct Success {
    pub status: u16,
    pub description: &'static str,
    pub media_type: &'static str,
    pub schema: Option<SchemaOf>,
}

/// Adds a type and all it refers to to the document, and returns the reference to it.
pub type SchemaOf = fn(ComponentsBuilder) -> (ComponentsBuilder, RefOr<Schema>);

pub fn schema_of<T: ToSchema>(components: ComponentsBuilder) -> (ComponentsBuilder, RefOr<Schema>) {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    (
        components.schema_from::<T>().schemas_from_iter(referred),
        Ref::from_schema_name(T::name()).into(),
    )
}

pub fn array_of<T: ToSchema>(components: ComponentsBuilder) -> (ComponentsBuilder, RefOr<Schema>) {
    let (components, item) = schema_of::<T>(components);
    (
        components,
        Schema::from(utoipa::openapi::ArrayBuilder::new().items(item)).into(),
    )
}

/// Bytes of any type.
pub fn binary(components: ComponentsBuilder) -> (ComponentsBuilder, RefOr<Schema>) {
    let bytes = utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .content_media_type("application/octet-stream");
    (components, Schema::from(bytes).into())
}

/// A JSON value whose shape stands elsewhere.
pub fn any(components: ComponentsBuilder) -> (ComponentsBuilder, RefOr<Schema>) {
    (components, Schema::from(utoipa::openapi::Object::new()).into())
}
