// The session's cookie travels by itself, because everything here has the same origin.
SwaggerUIBundle({
  url: "../v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  // No third party is asked whether the document is valid.
  validatorUrl: null,
});
