// Events that a reader must bear or refuse: what the upstream may send beside
// text, and what it never should.

const IMAGE = 'https://cdn.qwen.ai/output/picture.png?key=a%2Fb&x=1';


function answer(content, more = {}) {
    return { role: 'assistant', content, phase: 'answer', status: 'typing',
        ...more };
}


// Legal, but not text: deltas, or whole events under `event`.
const ARTEFACT_DELTAS = {
    'image-gen': () => ({
        role: 'assistant', content: IMAGE, phase: 'image_gen',
        status: 'typing',
    }),
    'image-gen-tool': () => ({
        role: 'function', content: '', name: 'image_gen_tool',
        phase: 'image_gen_tool', status: 'typing',
        extra: { image_list: [{ image: IMAGE }] },
    }),
    'unknown-phase': () => ({
        role: 'assistant', content: 'not for the client',
        phase: 'daydream', status: 'typing',
    }),
    'function-call': () => answer('', {
        function_call: { name: 'web_search', arguments: '{"q":"x"}' },
    }),
    'function-role': () => ({
        role: 'function', content: 'tool output, not for the client',
        name: 'code_interpreter', phase: 'code_interpreter',
        status: 'finished',
    }),
    'null-content': () => answer(null),
    'no-content': () => ({ role: 'assistant', phase: 'answer' }),
};

const ARTEFACT_EVENTS = {
    'unknown-event': { 'response.heartbeat': { n: 1 } },
    'empty-choices': { choices: [] },
    'no-choices': { response_id: 'none' },
};

export const ARTEFACTS = [...Object.keys(ARTEFACT_DELTAS),
    ...Object.keys(ARTEFACT_EVENTS)];


// { delta }, or { event } as it is.
export function artefact(item) {
    if (typeof item === 'object') {
        return { event: item };
    }
    return item in ARTEFACT_DELTAS ? { delta: ARTEFACT_DELTAS[item]() }
        : { event: ARTEFACT_EVENTS[item] };
}


// The content of an answer delta, as raw bytes between the JSON quotes.  One
// event for each string.
const CONTENTS = {
    'invalid-utf8': [Buffer.from('a\xffb\xc3(c\xed\xa0\x80d', 'latin1')],
    'control-byte': [Buffer.from('a\x01b\tc\x7fd', 'latin1')],
    'raw-nul': [Buffer.from('a\x00b', 'latin1')],
    'invalid-escape': ['a\\qb'],
    'invalid-unicode': ['a\\u12G4b'],
    'lone-high': ['a\\ud83db'],
    'lone-low': ['a\\ude00b'],
    'pair': ['a\\ud83d\\ude00b'],
    'split-pair': ['a\\ud83d', '\\ude00b'],
    'nul': ['a\\u0000b'],
    'escapes': ['\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u6f22'],
    'line-separators': ['a\u2028b\u2029c\u0085d'],
};

// The data of an event, verbatim.
const DATA = {
    'truncated-json': '{"choices":[{"delta":{"content":"a',
    'not-json': 'hello',
    'empty-data': '',
    'json-scalar': '42',
    'trailing-garbage': '{"choices":[]} x',
    'wrong-types': '{"choices":{"delta":5},"usage":"many","error":7}',
    'wrong-delta': '{"choices":[{"delta":{"content":{"a":1},"phase":3,'
        + '"status":[]}}]}',
    'huge-numbers': '{"choices":[],"usage":{"input_tokens":1e400,'
        + '"output_tokens":-5,"total_tokens":99999999999999999999}}',
    'deep-nesting': `{"choices":[],"x":${'['.repeat(10000)}`
        + `${']'.repeat(10000)}}`,
    'duplicate-keys': '{"choices":[{"delta":{"content":"a","content":"b",'
        + '"phase":"answer","phase":"answer","status":"typing"}}]}',
};

export const HOSTILE = [...Object.keys(CONTENTS), ...Object.keys(DATA)];


// The events of a hostile item: { content: Buffer } goes into an answer
// delta, { data: string } is an event's data as it is.
export function hostile(item) {
    if (typeof item === 'object') {
        return [{ data: JSON.stringify(item) }];
    }
    if (item in DATA) {
        return [{ data: DATA[item] }];
    }
    return CONTENTS[item].map((content) => ({
        content: Buffer.from(content),
    }));
}
