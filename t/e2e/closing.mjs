// The last tests of each file: all answers that clients of this file got are
// looked at once more as they were on the wire, then nginx is stopped.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventData, exchanges } from './recorder.mjs';
import { missing, mistakes } from './schemas.mjs';


export function closingTests(gateway) {
    test('every answer is well-formed', () => {
        assert.ok(exchanges.length > 0);
        exchanges.filter(({ complete }) => complete).forEach(checkForm);
    });

    test('every answer validates against the schemas of OpenAI',
        { skip: missing }, () => {
            for (const exchange of exchanges) {
                assert.deepEqual(schemaMistakes(exchange), [],
                    exchange.name);
            }
        });

    test('nginx stops, and its logs tell no secret', async () => {
        await gateway?.stop();
    });
}


function checkForm(exchange) {
    const { headers, status, text, name } = exchange;
    assert.equal(headers.get('access-control-allow-origin'), '*', name);
    if (exchange.isStream) {
        assert.equal(status, 200, name);
        checkStream(text, headers);
        return;
    }
    assert.equal(headers.get('content-type'), 'application/json', name);
    assert.equal(Number(headers.get('content-length')),
        Buffer.byteLength(text), name);
    JSON.parse(text);
    assert.equal(status === 401, headers.get('www-authenticate') === 'Bearer',
        name);
}


// One stream from the role to [DONE], or to an error.
function checkStream(text, headers) {
    assert.equal(headers.get('content-type'),
        'text/event-stream; charset=utf-8');
    assert.equal(headers.get('cache-control'), 'no-cache');
    assert.equal(headers.get('x-accel-buffering'), 'no');
    assert.equal(headers.get('set-cookie'), null);

    const events = eventData(text);
    const last = events.pop();
    const chunks = events.map((event) => JSON.parse(event));
    const [first] = chunks;

    assert.deepEqual(first.choices[0].delta,
        { role: 'assistant', content: '' });
    for (const chunk of chunks) {
        assert.deepEqual([chunk.id, chunk.created, chunk.model],
            [first.id, first.created, first.model]);
    }
    assert.match(first.id, /^chatcmpl-[0-9a-f-]{36}$/);

    const finished = chunks.flatMap(({ choices }) => choices)
        .filter(({ finish_reason }) => finish_reason !== null);
    if (last === '[DONE]') {
        assert.equal(finished.length, 1);
        assert.deepEqual(finished[0].delta, {});
    } else {
        assert.equal(finished.length, 0);
        assert.equal(typeof JSON.parse(last).error.message, 'string');
    }
}


function schemaOf({ path, status }) {
    if (status >= 400) {
        return 'ErrorResponse';
    }
    if (path.endsWith('/chat/completions')) {
        return 'CreateChatCompletionResponse';
    }
    return path.endsWith('/models') ? 'ListModelsResponse' : 'Model';
}


function schemaMistakes(exchange) {
    if (exchange.isStream) {
        return streamMistakes(exchange);
    }
    if (!exchange.complete) {
        return [];
    }
    return [mistakes(schemaOf(exchange), JSON.parse(exchange.text))]
        .filter((text) => text !== undefined);
}


function streamMistakes({ wholeEvents }) {
    return eventData(wholeEvents)
        .filter((data) => data !== '[DONE]')
        .map((data) => JSON.parse(data))
        .map((event) => mistakes('error' in event ? 'ErrorResponse'
            : 'CreateChatCompletionStreamResponse', event))
        .filter((found) => found !== undefined);
}
