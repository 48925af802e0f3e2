# What a chat sends to the upstream, and what its client gets.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: the chunks of a stream are a role, the texts, a finish and [DONE]
--- next: {"text": ["Hel", "lo"]}
--- chat: {"stream": true}
--- response_body_like eval
my $head = '\{"id":"chatcmpl-[-0-9a-f]{36}","object":"chat\.completion\.chunk","created":\d{10},"model":"qwen3-max","choices":\[\{"index":0,"delta":';
my $tail = ',"logprobs":null,"finish_reason":';
'\A' . CORE::join('', map { "data: $head$_\\}\\]\\}\n\n" }
    "\\{\"role\":\"assistant\",\"content\":\"\"\\}${tail}null",
    "\\{\"content\":\"Hel\"\\}${tail}null",
    "\\{\"content\":\"lo\"\\}${tail}null",
    "\\{\\}${tail}\"stop\"") . 'data: \[DONE\]\n\n\z'
--- answers
200 "Hello"



=== TEST 2: a collected answer is one object
--- next: {"text": ["Hel", "lo"], "usage": {"input_tokens": 3, "output_tokens": 5}}
--- chat: {"model": "Qwen3-Max"}
--- response_body_like: \A\{"id":"chatcmpl-[-0-9a-f]{36}","object":"chat\.completion","created":\d{10},"model":"Qwen3-Max","choices":\[\{"index":0,"message":\{"role":"assistant","content":"Hello","refusal":null\},"logprobs":null,"finish_reason":"stop"\}\],"usage":\{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8,"completion_tokens_details":\{"reasoning_tokens":0\}\}\}\z
--- answers
200 "Hello"



=== TEST 3: stream may be the string "true"
--- chat: {"stream": "true"}
--- response_headers
Content-Type: text/event-stream; charset=utf-8
--- answers
200 "Simulated answer to: hi"



=== TEST 4: stream may be the string "false"
--- chat: {"stream": "false"}
--- response_headers
Content-Type: application/json
--- answers
200 "Simulated answer to: hi"



=== TEST 5: fields that the upstream cannot honour are ignored
--- chat
{"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto", "stop": ["a"],
 "max_tokens": 5, "max_completion_tokens": 5, "response_format": {"type": "json_object"}, "n": 1,
 "temperature": 0.5, "top_p": 1, "seed": 7, "logprobs": false, "user": "u", "metadata": {"a": "b"},
 "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {}, "store": false, "unheard_of": [null]}
--- answers
200 "Simulated answer to: hi"



=== TEST 6: a chat is one new chat and one completion with one user message
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A
--- content: "hi"
--- upstream
{"stream": true, "version": "2.1", "incremental_output": true, "chat_mode": "normal", "model": "qwen3-max",
 "parent_id": null,
 "messages": [{"parentId": null, "parent_id": null, "role": "user", "user_action": "chat", "files": [],
   "models": ["qwen3-max"], "chat_type": "t2t", "sub_chat_type": "t2t",
   "feature_config": {"thinking_enabled": false, "output_schema": "phase", "auto_thinking": false, "auto_search": false},
   "extra": {"meta": {"subChatType": "t2t"}}}]}
--- after
my ($new) = sim()->requests('new_chat');
my $body = QwenTest::body($new);
is($body->{models}[0], 'qwen3-max', 'the new chat names the model');
is($body->{chat_type}, 't2t', 'the new chat names its type');
is($body->{title}, 'New Chat', 'the new chat has a title');
is_deeply($_->{notes}, [], "$_->{call}: all headers are right") for sim()->requests;



=== TEST 7: a single user message goes as it is
--- chat eval
{ messages => [{ role => 'user', content => " two\n\nlines <|user|> \x{e9}\x{6f22}\x{1f600}\0\t\"\\ " }] }
--- content eval
[" two\n\nlines <|user|> \x{e9}\x{6f22}\x{1f600}\0\t\"\\ "]



=== TEST 8: several messages are folded with their roles
--- chat
{"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]}
--- content: "<|user|>\none\n\n<|assistant|>\ntwo\n\n<|user|>\nthree"



=== TEST 9: system and developer messages come first
--- chat
{"messages": [{"role": "user", "content": "u"}, {"role": "system", "content": "s"}, {"role": "developer", "content": "d"}]}
--- content: "<|system|>\ns\n\n<|developer|>\nd\n\n<|user|>\nu"



=== TEST 10: a line that looks like a mark is protected
--- chat
{"messages": [{"role": "system", "content": "<|user|>\nx"}, {"role": "user", "content": "a\n\\<|b"}]}
--- content: "<|system|>\n\\<|user|>\nx\n\n<|user|>\na\n\\\\<|b"



=== TEST 11: all text parts count, in their order
--- chat
{"messages": [{"role": "user", "content": [{"type": "text", "text": "one "}, {"type": "text", "text": ""}, {"type": "text", "text": "two"}]}]}
--- content: "one two"



=== TEST 12: an assistant may have called tools only, and tools have answered
--- chat
{"messages": [{"role": "user", "content": "q"},
  {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
  {"role": "tool", "tool_call_id": "c", "content": "42"}, {"role": "function", "name": "f", "content": "43"}]}
--- content: "<|user|>\nq\n\n<|assistant|>\n\n\n<|tool|>\n42\n\n<|function|>\n43"



=== TEST 13: an assistant may have left its content out
--- chat
{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": []}, {"role": "user", "content": "r"}]}
--- content: "<|user|>\nq\n\n<|assistant|>\n\n\n<|user|>\nr"



=== TEST 14: an empty user message is sent
--- chat: {"messages": [{"role": "user", "content": ""}]}
--- answers
200 "Simulated answer to: "



=== TEST 15: -thinking turns thinking on and is no part of the model's name
--- next: {"text": "42", "thinking": ["Let ", "me see."]}
--- chat: {"model": "qwen3-max-thinking", "stream": true}
--- answers
200 "42"
--- thinks: "Let me see."
--- upstream: {"model": "qwen3-max", "messages": [{"models": ["qwen3-max"], "chat_type": "t2t", "feature_config": {"thinking_enabled": true}}]}



=== TEST 16: a collected answer has the reasoning beside the content
--- next: {"text": "42", "thinking": ["Let ", "me see."]}
--- chat: {"model": "qwen3-max-thinking"}
--- answers
200 "42"
--- thinks: "Let me see."
--- response_body_like: "content":"42","refusal":null,"reasoning_content":"Let me see\."\}



=== TEST 17: -search makes a chat of type search
--- next: {"text": "42", "search": false}
--- chat: {"model": "qwen3-max-search"}
--- answers
200 "42"
--- upstream: {"model": "qwen3-max", "messages": [{"chat_type": "search", "sub_chat_type": "search", "extra": {"meta": {"subChatType": "search"}}, "feature_config": {"thinking_enabled": false}}]}



=== TEST 18: -thinking-search is both
--- next: {"text": "42", "thinking": "t", "search": false}
--- chat: {"model": "qwen3-max-thinking-search"}
--- answers
200 "42"
--- upstream: {"model": "qwen3-max", "messages": [{"chat_type": "search", "feature_config": {"thinking_enabled": true}}]}



=== TEST 19: chat_type overrides the suffix
--- next: {"text": "42"}
--- chat: {"model": "qwen3-max-search", "chat_type": "t2t"}
--- answers
200 "42"
--- upstream: {"model": "qwen3-max", "messages": [{"chat_type": "t2t"}]}



=== TEST 20: a model is found without regard to case
--- chat: {"model": "QWEN3-Max"}
--- answers
200 "Simulated answer to: hi"
--- upstream: {"model": "qwen3-max"}



=== TEST 21: a model is found by its name
--- chat: {"model": "qwen3-235b-a22b-2507-thinking"}
--- answers
200 "Simulated answer to: hi"
--- upstream: {"model": "qwen-plus-2025-07-28"}



=== TEST 22: a model is found by its display name
--- chat: {"model": "Qwen3 Flagship"}
--- answers
200 "Simulated answer to: hi"
--- upstream: {"model": "qwen-plus-2025-07-28"}



=== TEST 23: a name that the list does not have passes through
--- sim: {"model_check": "off"}
--- chat: {"model": "brand-new-model"}
--- answers
200 "Simulated answer to: hi"
--- upstream: {"model": "brand-new-model"}



=== TEST 24: what turns thinking on
--- chat
[{"enable_thinking": true}, {"enable_thinking": "true"}, {"reasoning_effort": "high"}, {"reasoning_effort": "low"}, {"thinking_budget": 1}, {"thinking_budget": 81920}]
--- answers
200
200
200
200
200
200
--- after
my @config = map { QwenTest::body($_)->{messages}[0]{feature_config} } sim()->requests('completion');
is(scalar(grep { $_->{thinking_enabled} } @config), 6, 'all think');
is($config[4]{thinking_budget}, 1, 'the least budget goes on');
is($config[5]{thinking_budget}, 81920, 'the largest budget goes on');
is(scalar(grep { exists $_->{thinking_budget} } @config), 2, 'no budget is made up');



=== TEST 25: what leaves thinking off
--- chat
[{"enable_thinking": false}, {"enable_thinking": null}, {"reasoning_effort": "none"}, {"reasoning_effort": "minimal"}, {"reasoning_effort": null}, {"thinking_budget": null}]
--- answers
200
200
200
200
200
200
--- after
is(scalar(grep { QwenTest::body($_)->{messages}[0]{feature_config}{thinking_enabled} } sim()->requests('completion')), 0, 'none thinks');



=== TEST 26: types of chat that make media are not available yet
--- chat
[{"model": "qwen3.6-plus-image"}, {"model": "qwen3.6-plus-video"}, {"model": "qwen3.6-plus-image-edit"}, {"model": "qwen3.6-plus-deep-research"}, {"chat_type": "t2v"}]
--- error_code eval
[501, 501, 501, 501, 501]
--- answers
501 server_error -
501 server_error -
501 server_error -
501 server_error -
501 server_error -
--- calls:



=== TEST 27: content parts with media are not available yet
--- chat
[{"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]},
 {"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "https://e.org/v.mp4"}}]}]},
 {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}}]}]}]
--- answers
501 server_error - messages
501 server_error - messages
501 server_error - messages
--- calls:



=== TEST 28: qwen_reasoning think puts the reasoning into the content
--- v1: qwen_reasoning think;
--- next: {"text": ["4", "2"], "thinking": ["Let ", "me see."]}
--- chat: {"model": "qwen3-max-thinking", "stream": true}
--- answers
200 "<think>\n\nLet me see.\n\n</think>\n42"
--- thinks: ""



=== TEST 29: qwen_reasoning think does so in a collected answer
--- v1: qwen_reasoning think;
--- next: {"text": ["4", "2"], "thinking": ["Let ", "me see."]}
--- chat: {"model": "qwen3-max-thinking"}
--- answers
200 "<think>\n\nLet me see.\n\n</think>\n42"
--- thinks: ""



=== TEST 30: qwen_reasoning think closes the reasoning when no answer follows
--- v1: qwen_reasoning think;
--- next: {"text": "", "thinking": "Let me see."}
--- chat: {"model": "qwen3-max-thinking", "stream": true}
--- answers
200 "<think>\n\nLet me see.\n\n</think>\n"



=== TEST 31: qwen_reasoning off hides the reasoning
--- v1: qwen_reasoning off;
--- next: {"text": "42", "thinking": "Let me see."}
--- chat: {"model": "qwen3-max-thinking", "stream": true}
--- answers
200 "42"
--- thinks: ""



=== TEST 32: the newer form of thinking becomes titles and thoughts
--- next: {"thinking_form": "summary", "thinking": [{"title": "First", "thought": "I look."}, {"title": "Then", "thought": "I see."}], "text": "42"}
--- chat: {"model": "qwen3-max-thinking", "stream": true}
--- answers
200 "42"
--- thinks: "**First**\n\nI look.\n\n**Then**\n\nI see."



=== TEST 33: search results stand as a table before the reasoning
--- next: {"text": "42", "thinking": "Hm.", "search": [{"title": "A [b] | c\nd", "url": "https://a.org/?q=1", "hostname": "a.org"}, {"title": "B", "url": "https://b.org/", "hostname": "b.org"}]}
--- chat: {"model": "qwen3-max-thinking-search"}
--- answers
200 "42"
--- thinks: "| **序号** | **网站URL** | **来源** |\n|:---|:---|:---|\n| 1 | [A \\[b\\] \\| c d](https://a.org/?q=1) | a.org |\n| 2 | [B](https://b.org/) | b.org |\n\n\nHm."
--- response_body_like: "annotations":\[\{"type":"url_citation","url_citation":\{"url":"https://a\.org/\?q=1","title":"A \[b\] \| c\\nd","start_index":0,"end_index":0\}\},\{"type":"url_citation","url_citation":\{"url":"https://b\.org/","title":"B","start_index":0,"end_index":0\}\}\]



=== TEST 34: search results stand as a list before the reasoning
--- v1: qwen_search_info text;
--- next: {"text": "42", "thinking": "Hm.", "search": [{"title": "A", "url": "https://a.org/", "hostname": "a.org"}]}
--- chat: {"model": "qwen3-max-thinking-search", "stream": true}
--- answers
200 "42"
--- thinks: "[1] [A](https://a.org/) | 来源: a.org\n\n\nHm."



=== TEST 35: search results stand as a list behind an answer without reasoning
--- next: {"text": "42", "search": [{"title": "A", "url": "https://a.org/", "hostname": "a.org"}, {"title": "漢", "url": "https://b.org/", "hostname": "b.org"}]}
--- chat: {"model": "qwen3-max-search", "stream": true}
--- answers
200 "42\n\n---\n[1] [A](https://a.org/) | 来源: a.org\n[2] [漢](https://b.org/) | 来源: b.org\n"
--- after
my ($status, $body) = api(POST => '/v1/chat/completions', { model => 'qwen3-max-search', stream => JSON::PP::true(),
    messages => [{ role => 'user', content => '[[sim:{"text":"\ud83d\ude00","search":[{"title":"A","url":"https://a.org/","hostname":"a.org"}]}]]' }] });
my $answer = answer($body);
my ($one) = @{ $answer->{annotations} };
my $text = $answer->{text};
utf8::decode($text);
my $cited = $one->{url_citation};
is(substr($text, $cited->{start_index}, $cited->{end_index} - $cited->{start_index}),
   "[1] [A](https://a.org/) | \x{6765}\x{6e90}: a.org", 'the indexes are those of the line');



=== TEST 36: a newer list of results replaces the former
--- next: {"text": "42", "search": [[{"title": "A", "url": "https://a.org/", "hostname": "a.org"}], [{"title": "B", "url": "https://b.org/", "hostname": "b.org"}]]}
--- chat: {"model": "qwen3-max-search"}
--- answers
200 "42\n\n---\n[1] [B](https://b.org/) | 来源: b.org\n"



=== TEST 37: with reasoning in the content the table stands inside it
--- v1: qwen_reasoning think;
--- next: {"text": "42", "thinking": "Hm.", "search": [{"title": "A", "url": "https://a.org/", "hostname": "a.org"}]}
--- chat: {"model": "qwen3-max-thinking-search", "stream": true}
--- answers
200 "<think>\n\n| **序号** | **网站URL** | **来源** |\n|:---|:---|:---|\n| 1 | [A](https://a.org/) | a.org |\n\n\nHm.\n\n</think>\n42"



=== TEST 38: with hidden reasoning the list stands behind the answer
--- v1: qwen_reasoning off;
--- next: {"text": "42", "thinking": "Hm.", "search": [{"title": "A", "url": "https://a.org/", "hostname": "a.org"}]}
--- chat: {"model": "qwen3-max-thinking-search", "stream": true}
--- answers
200 "42\n\n---\n[1] [A](https://a.org/) | 来源: a.org\n"



=== TEST 39: usage under the older names is understood
--- next: {"text": "42", "usage": {"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 99, "completion_tokens_details": {"reasoning_tokens": 2}}}
--- chat: {}
--- answers
200 "42"
--- response_body_like: "usage":\{"prompt_tokens":7,"completion_tokens":8,"total_tokens":15,



=== TEST 40: the last usage counts, also behind the finish
--- next: {"text": "42", "thinking": "a", "usage": "new", "usage_at": "each", "usage_after": true}
--- chat: {"model": "qwen3-max-thinking"}
--- answers
200 "42"
--- response_body_like: "completion_tokens":2,"total_tokens":\d+,"completion_tokens_details":\{"reasoning_tokens":1\}



=== TEST 41: without usage from the upstream there is an estimate
--- next: {"text": "Hello, world", "usage": "none"}
--- http: log_format usage "usage: $qwen_usage_source $qwen_prompt_tokens $qwen_completion_tokens";
--- server: access_log logs/access.log usage;
--- chat: {"messages": [{"role": "user", "content": "How are you today?"}]}
--- answers
200 "Hello, world"
--- response_body_like: "usage":\{"prompt_tokens":[1-9]\d*,"completion_tokens":[1-9]\d*,"total_tokens":
--- access_log eval
qr/^usage: estimated [1-9]\d* [1-9]\d*$/



=== TEST 42: a stream tells no usage unless it is asked to
--- chat: {"stream": true}
--- response_body_unlike: usage
--- answers
200 "Simulated answer to: hi"



=== TEST 43: a stream tells the usage in a chunk of its own when it is asked to
--- next: {"text": "42", "usage": {"input_tokens": 3, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 1}}}
--- chat: {"stream": true, "stream_options": {"include_usage": true}}
--- response_body_like: "finish_reason":"stop"\}\],"usage":null\}\n\ndata: \{[^\[]*"choices":\[\],"usage":\{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8,"completion_tokens_details":\{"reasoning_tokens":1\}\}\}\n\ndata: \[DONE\]
--- answers
200 "42"



=== TEST 44: qwen_stream_usage on tells the usage always
--- v1: qwen_stream_usage on;
--- chat: [{"stream": true}, {"stream": true, "stream_options": {"include_usage": false}}]
--- response_body_like eval
[('"choices":\[\],"usage":\{"prompt_tokens":\d+,') x 2]
--- answers
200 "Simulated answer to: hi"
200 "Simulated answer to: hi"



=== TEST 45: comments keep a silent stream alive
--- v1: qwen_stream_keepalive 100ms;
--- next: {"text": ["one", "two"], "stall": {"after": 1, "ms": 700}}
--- chat: {"stream": true}
--- response_body_like: "one"[^\n]*\n\n(?:: keep-alive\n\n){3,7}data: [^\n]*"two"
--- answers
200 "onetwo"



=== TEST 46: no comment is sent before the first text
--- v1: qwen_stream_keepalive 50ms;
--- next: {"text": ["one"], "delay": 300}
--- chat: {"stream": true}
--- response_body_unlike: keep-alive
--- answers
200 "one"



=== TEST 47: qwen_stream_keepalive 0 sends none
--- v1: qwen_stream_keepalive 0;
--- next: {"text": ["one", "two"], "stall": {"after": 1, "ms": 300}}
--- chat: {"stream": true}
--- response_body_unlike: keep-alive
--- answers
200 "onetwo"



=== TEST 48: a picture in the middle of a chat becomes a link
--- next: {"text": ["one ", "two"], "artefacts": [{"choices": [{"delta": {"role": "assistant", "content": "https://img.example/p.png?key=1&x=2", "phase": "image_gen", "status": "typing"}}]}]}
--- chat: {"stream": true}
--- answers
200 "one ![image](https://img.example/p.png?key=1&x=2)\n\ntwo"



=== TEST 49: a picture of the tool becomes a link
--- next: {"text": ["one ", "two"], "artefacts": [{"choices": [{"delta": {"role": "assistant", "content": "", "phase": "image_gen_tool", "extra": {"image_list": [{"image": "https://img.example/q.png?a=b"}]}}}]}]}
--- chat: {}
--- answers
200 "one ![image](https://img.example/q.png?a=b)\n\ntwo"



=== TEST 50: what is not understood in a stream is skipped
--- next: {"text": ["one ", "two"], "artefacts": ["unknown-phase", "function-call", "function-role", "null-content", "no-content", "unknown-event", "empty-choices", "no-choices"]}
--- chat: {"stream": true}
--- answers
200 "one two"



=== TEST 51: a stream without response.created is a stream
--- next: {"text": "42", "created": false, "done": true}
--- chat: {"stream": true}
--- answers
200 "42"



=== TEST 52: a content filter behind the first text ends the stream with its reason
--- next: {"text": ["one ", "two "], "fault": "content-filter", "after": 2}
--- chat: [{"stream": true}, {"messages": [{"role": "user", "content": "[[sim:{\"text\":[\"one \",\"two \"],\"fault\":\"content-filter-flag\",\"after\":2}]]"}]}]
--- answers
200 "one two " content_filter
200 "one two " content_filter



=== TEST 53: an upstream that keeps the connection open does not hold the client
--- next: {"text": "42", "hang": 8000}
--- chat: {"stream": true}
--- timeout: 5
--- answers
200 "42"



=== TEST 54: the model is told as it was asked for
--- next: [{"text": "1"}, {"text": "2"}]
--- chat: [{"model": "QWEN3-max-thinking", "stream": true}, {"model": "Qwen3-Max-search"}]
--- response_body_like eval
['"model":"QWEN3-max-thinking"', '"model":"Qwen3-Max-search"']
--- error_code eval
[200, 200]
