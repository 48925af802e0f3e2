// OpenAI's own description of its API, where it is at hand.

import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';

const FILE = new URL('../../../shared/openai-schemas.json', import.meta.url);
const ID = 'openai';

const document = read();

export const missing = document === undefined
    && 'openai-schemas.json is not there';

const ajv = new Ajv2020({
    strict: false, validateFormats: false, allErrors: true,
});

if (document !== undefined) {
    ajv.addSchema({ $id: ID, components: withNull(document.components) });
}


function read() {
    try {
        return JSON.parse(readFileSync(FILE, 'utf8'));
    } catch (error) {
        if (error.code === 'ENOENT') {
            return undefined;
        }
        throw error;
    }
}


// Some schemas still say "nullable" as OpenAPI 3.0 did, which JSON Schema
// does not know: finish_reason, logprobs and usage of a chunk.
function withNull(schema) {
    if (schema === null || typeof schema !== 'object') {
        return schema;
    }
    if (Array.isArray(schema)) {
        return schema.map(withNull);
    }
    const { nullable, ...rest } = Object.fromEntries(Object.entries(schema)
        .map(([name, value]) => [name, withNull(value)]));
    return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
}


// What is wrong with a value, undefined if nothing.  The schemas allow
// members that they do not name, so that reasoning_content, the annotations
// of a chunk and the upstream's own members of a model need no exception.
export function mistakes(name, value) {
    const validate = ajv.getSchema(`${ID}#/components/schemas/${name}`);
    if (validate(value)) {
        return undefined;
    }
    return `${name}: ${ajv.errorsText(validate.errors)}: `
        + JSON.stringify(value).slice(0, 1000);
}
