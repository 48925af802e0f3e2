// The upstream's refusals and outages by name.

import { randomUUID } from 'node:crypto';


export function refusal(code, details, more = {}) {
    return {
        success: false,
        request_id: randomUUID(),
        data: { code, details, ...more },
    };
}


export function wallPage() {
    return '<!doctypehtml><html lang="zh-cn"><head><meta charset="utf-8">'
        + '<title>405</title></head><body><div class="wall">Sorry, your '
        + 'request has been blocked as it may cause potential threats to '
        + 'the server\'s security.</div></body></html>\n';
}


function gatewayPage(title) {
    return `<html>\n<head><title>${title}</title></head>\n<body>\n`
        + `<center><h1>${title}</h1></center>\n</body>\n</html>\n`;
}


function rateLimited(behaviour) {
    const { hours = 2 } = behaviour;
    return refusal('RateLimited',
        'You have reached the daily usage limit. Please wait before trying '
        + 'again.', hours === null ? {} : { num: hours });
}


function retryAfter(behaviour) {
    return behaviour.retry_after === undefined ? {}
        : { 'Retry-After': String(behaviour.retry_after) };
}


function modelRefused(form) {
    switch (form) {
    case 'bad-request-200':
        return [200, refusal('Bad_Request', 'Model not found')];
    case 'bad-request-400':
        return [400, refusal('Bad_Request', 'Model not found')];
    case 'detail-400':
        return [400, { detail: 'Model not found' }];
    case 'detail-404':
        return [404, { detail: 'Model not found' }];
    default:
        return [200, refusal('Not_Found', 'Model not found')];
    }
}

export const MODEL_REFUSALS = ['not-found-200', 'bad-request-200',
    'bad-request-400', 'detail-400', 'detail-404'];


// Faults that are an answer: (behaviour) => { status, headers, json | html }.
// With `stream` they come as an event of a stream unless `as` says json.
const ANSWERS = {
    'unauthorized-401': () => ({
        status: 401,
        json: refusal('Unauthorized', 'Token has expired, please sign in.'),
    }),
    'unauthorized-200': () => ({
        status: 200,
        json: refusal('Unauthorized', 'Token has expired, please sign in.'),
    }),
    'forbidden-403': () => ({
        status: 403,
        json: refusal('Forbidden', 'Access denied.'),
    }),
    'rate-limited-429': (behaviour) => ({
        status: 429,
        headers: retryAfter(behaviour),
        json: { detail: 'Too many requests' },
    }),
    'rate-limited-200': (behaviour) => ({
        status: 200, json: rateLimited(behaviour),
    }),
    'quota': () => ({
        status: 200,
        stream: true,
        json: {
            error: {
                code: 'internal_error',
                message: 'Allocated quota exceeded, please increase your '
                    + 'quota limit.',
                details: 'Allocated quota exceeded, please increase your '
                    + 'quota limit.',
            },
        },
    }),
    'internal-error': () => ({
        status: 200,
        stream: true,
        json: {
            error: {
                code: 'internal_error',
                message: 'Something went wrong.',
                details: 'Something went wrong.',
            },
        },
    }),
    'bad-request-internal': () => ({
        status: 200,
        json: refusal('Bad_Request',
            'An internal error occurred, please try again later.'),
    }),
    'content-filter': () => ({
        status: 200,
        stream: true,
        json: {
            error: {
                code: 'data_inspection_failed',
                details: 'Content security warning: the input or output '
                    + 'may contain inappropriate content.',
            },
        },
    }),
    'content-filter-flag': () => ({
        status: 200,
        stream: true,
        json: {
            data_inspection_failed: true,
            details: 'Content security warning.',
        },
    }),
    'challenge-ret': () => ({
        status: 200,
        json: {
            ret: ['FAIL_SYS_USER_VALIDATE', 'RGV587_ERROR::SM::retry later'],
            data: { url: 'https://chat.qwen.ai/_____tmd_____/punish?x=1' },
            v: '1.0',
        },
    }),
    'wall-html-200': () => ({ status: 200, html: wallPage() }),
    'wall-html-403': () => ({ status: 403, html: wallPage() }),
    '500': () => ({
        status: 500, json: { detail: 'Internal Server Error' },
    }),
    '502': () => ({ status: 502, html: gatewayPage('502 Bad Gateway') }),
    '503': (behaviour) => ({
        status: 503,
        headers: retryAfter(behaviour),
        html: gatewayPage('503 Service Temporarily Unavailable'),
    }),
    'model-refused': (behaviour) => {
        const [status, json] = modelRefused(behaviour.form);
        return { status, json };
    },
    'signin-refused': () => ({
        status: 400,
        json: {
            detail: 'The email or password provided is incorrect. Please '
                + 'check for typos and try logging in again.',
        },
    }),
    'empty-body': () => ({ status: 200, html: '', empty: true }),
};

// Faults of the connection.  reset and time-out come before an answer unless
// `after` is given; the others need a stream.
const CONNECTION = ['reset', 'time-out', 'close', 'cut', 'no-delta'];

export const FAULT_NAMES = [...Object.keys(ANSWERS), ...CONNECTION];


export function isConnectionFault(name) {
    return CONNECTION.includes(name);
}


export function faultAnswer(behaviour) {
    return ANSWERS[behaviour.fault](behaviour);
}


// Whether the fault is an event (or the end) of a stream that has begun.
export function isStreamFault(behaviour) {
    const { fault, after } = behaviour;
    if (isConnectionFault(fault)) {
        return after !== undefined || !['reset', 'time-out'].includes(fault);
    }
    if (behaviour.as !== undefined) {
        return behaviour.as === 'sse';
    }
    return after !== undefined || faultAnswer(behaviour).stream === true;
}


// Why a behaviour's fault cannot be as it is asked for, or undefined.
export function faultMistake(behaviour) {
    const { fault } = behaviour;
    if (fault === undefined) {
        return undefined;
    }
    if (!FAULT_NAMES.includes(fault)) {
        return `unknown fault "${fault}", one of: ${FAULT_NAMES.join(' ')}`;
    }
    if (!isConnectionFault(fault) && isStreamFault(behaviour)
        && faultAnswer(behaviour).json === undefined) {
        return `fault "${fault}" has no JSON and cannot come in a stream`;
    }
    return undefined;
}
