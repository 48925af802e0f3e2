# The shortest way through everything; it also runs under valgrind and with
# other versions of nginx.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a key reads the list of models
--- request
GET /v1/models
--- response_headers
Content-Type: application/json
--- response_body_like: ^\{"object":"list","data":\[\{"id":"qwen3\.6-plus","object":"model",



=== TEST 2: a model is found by its id
--- request
GET /v1/models/qwen3-max-thinking
--- response_body_like: ^\{"id":"qwen3-max-thinking","object":"model",



=== TEST 3: the list is open at the top
--- request
GET /models
--- more_headers
--- response_body_like: ^\{"object":"list","data":\[\{"id":"qwen3\.6-plus",



=== TEST 4: a chat is streamed
--- next: {"text": "Hello, world"}
--- chat: {"stream": true}
--- response_headers
Content-Type: text/event-stream; charset=utf-8
Cache-Control: no-cache
X-Accel-Buffering: no
--- answers
200 "Hello, world"
--- calls: new_chat:A completion:A
--- content: "hi"



=== TEST 5: a chat is collected
--- next: {"text": "Hello, world"}
--- chat: {}
--- response_headers
Content-Type: application/json
--- answers
200 "Hello, world"
--- calls: new_chat:A completion:A



=== TEST 6: thinking and search come with the answer
--- next: {"text": "So it is.", "thinking": "Hm.", "search": [{"title": "T", "url": "https://e.org/", "hostname": "e.org"}]}
--- chat: {"model": "qwen3-max-thinking-search", "stream": true}
--- answers
200 "So it is."
--- thinks: "| **序号** | **网站URL** | **来源** |\n|:---|:---|:---|\n| 1 | [T](https://e.org/) | e.org |\n\n\nHm."



=== TEST 7: an account that fails is followed by another
--- next: {"fault": "unauthorized-401"}
--- chat: {"stream": true}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A new_chat:B completion:B



=== TEST 8: an error of the upstream becomes an error of the API
--- next: {"fault": "content-filter"}
--- chat: {"stream": true}
--- answers
400 invalid_request_error content_filter



=== TEST 9: a stream that breaks off ends with an error
--- next: {"text": ["one ", "two "], "fault": "cut", "after": 2}
--- chat: {"stream": true}
--- answers
200 "one two " broken upstream_error upstream_incomplete



=== TEST 10: a request without a key is refused
--- request
GET /v1/models
--- more_headers
--- answers
401 invalid_request_error invalid_api_key
--- response_headers
WWW-Authenticate: Bearer



=== TEST 11: a body that is no JSON is refused
--- request
POST /v1/chat/completions
{"model": "qwen3-max", "messages":
--- answers
400 invalid_request_error -



=== TEST 12: an unknown route is an error of the API
--- request
GET /v1/none
--- answers
404 invalid_request_error -



=== TEST 13: the gateway is alive and ready
--- request eval
["GET /healthz", "GET /readyz"]
--- response_body eval
['{"status":"ok"}', '{"status":"ready"}']
