// protocol/pusher/http_call.h: one call of a backend from its request to its answer. Admission is
// the same for all: who asks, is it signed, may it, how often. Then a handler has the call, on the
// loop that the request came to; it answers at once, or keeps it and answers later from any thread.
//
//   refused: 404 unknown app, 401 not signed, 403 disabled app, 429 too many questions, in this order
//   refusal := {"error": text, "code": word, "status": number}
//   429     := {"error": "Too Many Requests", "message": text}, with X-RateLimit-… and Retry-After
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "http/router.h"
#include "http/url.h"
#include "protocol/pusher/app_rates.h"
#include "protocol/pusher/service.h"

namespace carillon::pusher {

class Call {
 public:
    Call(Service& its_service, http::Request its_request, http::Responder responder)
        : service(its_service), request(std::move(its_request)), responder_(std::move(responder)) {}

    // What a handler finds.
    Service& service;
    http::Request request;
    hub::AppRef app;          // enabled, and its secret signed this
    http::QueryParams query;  // decoded, keys in lower case
    Now now;                  // when it was admitted

    // So many events more are published, one for each channel. 0: whether any may be.
    Result<void> take_events(std::uint64_t count);

    // Once: the JSON of a 200, or why not.
    void answer(Result<std::string> done);

 private:
    friend http::Handler signed_call(Service&, void (*)(const std::shared_ptr<Call>&));

    Result<void> admit(const Result<hub::AppRef>& found);
    Result<void> take(AppRates::Of what, std::uint32_t limit, std::uint64_t count);
    http::Response refusal(const Error& error) const;

    http::Responder responder_;
    AppRates::Verdict rate_;  // the last
};

// Shared only because std::function must be able to copy what it holds; one holder in truth.
using CallRef = std::shared_ptr<Call>;

// A route's handler: `handler` gets what was admitted.
http::Handler signed_call(Service& service, void (*handler)(const CallRef& call));

}  // namespace carillon::pusher
