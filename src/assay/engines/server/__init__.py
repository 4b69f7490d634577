"""The openai engine: a base and its adapters behind a server, over HTTP. It needs no extra of its own.

    engine: {name: openai, url: "http://localhost:8000", server: vllm}

A study still names folders or hub ids: subjects are identified by content, and chat templates are applied here, so
that the protocol is ours. An adapter's name at the server proves nothing: each adapter is compared with the base on
probe prompts at every start, and again by every process that uses it.

`transformers serve` answers for whole models only: merge an adapter, and name the merged folder under
`options.models`.

    kinds         -> what differs between kinds of server    options -> a study's `engine`, checked
    http          -> one server: requests, keys, retries     pool    -> many requests at once, none lost
    served        -> which of its names is which subject     dialect -> what a request and its answer look like
    preflight     -> look, without asking                    session -> asked, as a study uses it
    loglikelihood -> where the server reports it
"""
