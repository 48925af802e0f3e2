// The upstream's list of models: every form that a reader has to bear.

const ALL_TYPES = ['t2t', 'search', 't2i', 't2v', 'image_edit',
    'deep_research', 'artifacts', 'web_dev'];

export const DEFAULT_MODELS = [
    {
        id: 'qwen3.6-plus',
        name: 'Qwen3.6-Plus',
        object: 'model',
        owned_by: 'qwen',
        info: {
            id: 'qwen3.6-plus',
            name: 'Qwen3.6-Plus',
            meta: {
                description: 'All-round model — 通用模型 🚀',
                abilities: {
                    thinking: true, vision: true, document: true,
                    search: true,
                },
                chat_type: ALL_TYPES,
            },
        },
    },
    {
        // abilities.thinking as an object; id and name differ in case only
        id: 'qwen3-max',
        name: 'Qwen3-Max',
        object: 'model',
        owned_by: 'qwen',
        info: {
            meta: {
                abilities: { thinking: { budget: 81920 }, vision: false },
                chat_type: ['t2t', 'search', 'deep_research'],
            },
        },
    },
    {
        // the name tells nothing of the id
        id: 'qwen-plus-2025-07-28',
        name: 'Qwen3-235B-A22B-2507',
        display_name: 'Qwen3 Flagship',
        object: 'model',
        owned_by: 'qwen',
        info: {
            meta: {
                abilities: { thinking: true },
                chat_type: ['t2t', 'search'],
            },
        },
    },
    {
        id: 'qwen3-coder-plus',
        name: 'Qwen3-Coder',
        object: 'model',
        owned_by: 'qwen',
        info: {
            meta: {
                abilities: { thinking: false, vision: false },
                chat_type: ['t2t', 'artifacts'],
            },
        },
    },
    {
        // a name outside ASCII, media only
        id: 'wan2.5-video',
        name: '通义万相「视频」',
        object: 'model',
        owned_by: 'qwen',
        info: { meta: { abilities: {}, chat_type: ['t2i', 't2v'] } },
    },
    // absent members, one step after the other
    {
        id: 'qwen2.5-14b-instruct-1m',
        name: 'Qwen2.5-14B-Instruct-1M',
        info: { meta: { chat_type: ['t2t'] } },
    },
    { id: 'qwq-32b', name: 'QwQ-32B', object: 'model', info: { meta: {} } },
    { id: 'qvq-72b-preview', name: 'QVQ-Max', info: {} },
    { id: 'qwen-turbo' },
];


export function hasModel(models, id) {
    return models.some((model) => model?.id === id);
}
