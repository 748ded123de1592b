"use strict";

// An operator who is logged in here sends the session's token with everything that changes something.
async function withCsrfToken(request) {
  const changes = request.method && request.method !== "GET";
  if (!changes || request.headers["X-CSRF-Token"]) {
    return request;
  }
  const session = await fetch("v1/session");
  if (session.ok) {
    request.headers["X-CSRF-Token"] = (await session.json()).csrf;
  }
  return request;
}

// Links are relative, so that the page works behind a proxy's prefix too.
SwaggerUIBundle({
  url: "v1/openapi.json",
  domNode: document.getElementById("page"),
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  tagsSorter: "alpha",
  tryItOutEnabled: true,
  requestInterceptor: withCsrfToken,
  validatorUrl: null,
});
