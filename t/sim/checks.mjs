// What the upstream demands of a request.  Each check gives the reason for a
// refusal, or undefined.

const UUID = new RegExp('^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}'
    + '-[89ab][0-9a-f]{3}-[0-9a-f]{12}$');
const CHAT_TYPES = ['t2t', 'search', 't2i', 't2v', 'image_edit',
    'deep_research'];
const PART_TYPES = ['text', 'image', 'video'];

const is = {
    string: (value) => typeof value === 'string' && value !== '',
    any_string: (value) => typeof value === 'string',
    boolean: (value) => typeof value === 'boolean',
    true: (value) => value === true,
    null: (value) => value === null,
    array: Array.isArray,
    object: (value) => value !== null && typeof value === 'object'
        && !Array.isArray(value),
    uuid4: (value) => typeof value === 'string' && UUID.test(value),
    seconds: (value) => Number.isInteger(value) && value > 1e9
        && value < 1e11,
    milliseconds: (value) => Number.isInteger(value) && value > 1e12
        && value < 1e14,
    chat_type: (value) => CHAT_TYPES.includes(value),
    sha256: (value) => typeof value === 'string'
        && /^[0-9a-f]{64}$/.test(value),
    budget: (value) => value === undefined
        || (Number.isInteger(value) && value > 0),
};


function wrongMember(object, rules, prefix = '') {
    for (const [name, rule] of Object.entries(rules)) {
        if (!is[rule](object[name])) {
            return `${prefix}${name}: ${rule} expected`;
        }
    }
    return undefined;
}


export function checkSignin(body) {
    return wrongMember(body, { email: 'string', password: 'sha256' });
}


export function checkNewChat(body) {
    return wrongMember(body, {
        title: 'any_string', models: 'array', chat_mode: 'string',
        chat_type: 'chat_type', timestamp: 'milliseconds',
        project_id: 'any_string',
    }) ?? (body.models.length === 1 && is.string(body.models[0])
        ? undefined : 'models: one string expected');
}


// A completion.  Several messages and a missing output_schema are no mistake
// here: they change the answer.
export function checkCompletion(body, query) {
    return checkCompletionFrame(body, query)
        ?? checkMessages(body)
        ?? checkChatType(body);
}


// The shape of September 2025 has a session_id and OpenAI's messages.
function isOlder(body) {
    return 'session_id' in body;
}


function checkCompletionFrame(body, query) {
    const rules = {
        stream: 'boolean', incremental_output: 'true', chat_id: 'string',
        chat_mode: 'string', model: 'string', messages: 'array',
    };
    const newer = { version: 'string', parent_id: 'null',
        timestamp: 'seconds' };
    const older = { chat_type: 'chat_type', sub_chat_type: 'chat_type',
        session_id: 'string', id: 'string' };
    const reason = wrongMember(body, { ...rules,
        ...isOlder(body) ? older : newer });
    if (reason !== undefined) {
        return reason;
    }
    return query.chat_id === body.chat_id ? undefined
        : 'chat_id: the query and the body differ';
}


function checkMessages(body) {
    if (body.messages.length === 0) {
        return 'messages: one expected';
    }
    if (body.messages.length > 1) {
        return undefined;
    }
    const [message] = body.messages;
    return is.object(message) ? checkMessage(message, body, 'messages[0].')
        : 'messages[0]: object expected';
}


function checkMessage(message, body, prefix) {
    const common = { role: 'string', chat_type: 'chat_type',
        extra: 'object', feature_config: 'object' };
    const newer = {
        fid: 'uuid4', parentId: 'null', parent_id: 'null',
        childrenIds: 'array', user_action: 'string', files: 'array',
        timestamp: 'seconds', models: 'array', sub_chat_type: 'chat_type',
    };
    const older = isOlder(body);
    return wrongMember(message, { ...common, ...older ? {} : newer }, prefix)
        ?? checkContent(message.content, prefix)
        ?? checkFeatures(message.feature_config, prefix)
        ?? (older ? undefined : checkLinks(message, body, prefix));
}


function checkContent(content, prefix) {
    if (typeof content === 'string') {
        return undefined;
    }
    if (!is.array(content) || content.length === 0) {
        return `${prefix}content: string or parts expected`;
    }
    const good = content.every((part) => is.object(part)
        && PART_TYPES.includes(part.type)
        && typeof part[part.type] === 'string');
    return good ? undefined : `${prefix}content: unknown part`;
}


function checkFeatures(features, prefix) {
    return wrongMember(features, {
        thinking_enabled: 'boolean', thinking_budget: 'budget',
    }, `${prefix}feature_config.`);
}


function checkLinks(message, body, prefix) {
    if (message.role !== 'user') {
        return `${prefix}role: user expected`;
    }
    if (message.childrenIds.length !== 1
        || !is.uuid4(message.childrenIds[0])) {
        return `${prefix}childrenIds: one uuid4 expected`;
    }
    if (message.models.length !== 1 || message.models[0] !== body.model) {
        return `${prefix}models: the model expected`;
    }
    return message.extra.meta?.subChatType === message.sub_chat_type
        ? undefined : `${prefix}extra.meta.subChatType: sub_chat_type `
            + 'expected';
}


function checkChatType(body) {
    const type = body.chat_type ?? body.messages[0]?.chat_type;
    const stream = type !== 't2v';
    return body.stream === stream ? undefined
        : `stream: ${stream} expected for ${type}`;
}


// All text of a completion's message, as the upstream reads it.
export function contentText(content) {
    if (typeof content === 'string') {
        return content;
    }
    return content.filter((part) => part.type === 'text')
        .map((part) => part.text).join('\n');
}


// What a well-made client does differently, though nothing is refused.
export function headerNotes(call, headers, token) {
    const accept = call === 'completion' ? 'text/event-stream'
        : 'application/json';
    const notes = [];
    if (headers.accept !== accept) {
        notes.push(`accept: ${accept} expected`);
    }
    if (!is.uuid4(headers['x-request-id'])) {
        notes.push('x-request-id: a new uuid4 expected');
    }
    for (const name of ['user-agent', 'origin', 'referer', 'source',
        'version', 'timezone']) {
        if (!headers[name]) {
            notes.push(`${name}: missing`);
        }
    }
    if ((headers['accept-encoding'] ?? 'identity') !== 'identity') {
        notes.push('accept-encoding: none expected');
    }
    if (headers['x-api-key'] !== undefined) {
        notes.push('x-api-key: a client\'s key');
    }
    return [...notes, ...tokenNotes(call, headers, token)];
}


function tokenNotes(call, headers, token) {
    const cookie = /(?:^|;\s*)token=([^;]*)/.exec(headers.cookie ?? '');
    if (call === 'signin') {
        return headers.authorization === undefined && cookie === null ? []
            : ['authorization: none expected'];
    }
    return cookie?.[1] === token ? [] : ['cookie: the token expected'];
}
