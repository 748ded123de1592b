// Checks the AsyncAPI document at a URL by the published JSON schema of its version: node check.js URL
const Ajv = require('ajv');
const addFormats = require('ajv-formats');

async function main(url) {
  const document = await (await fetch(url)).json();
  const schema = require(`@asyncapi/specs/schemas/${document.asyncapi}-without-$id.json`);
  const ajv = new Ajv({ strict: false, allErrors: false });
  addFormats(ajv);
  const valid = ajv.compile(schema);
  if (!valid(document)) {
    throw new Error(JSON.stringify(valid.errors, null, 2));
  }
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
