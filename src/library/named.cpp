#include "library/named.h"

#include <algorithm>

namespace carillon::library {

namespace {

using Key = std::pair<std::string, std::string>;
Key key_of(std::string_view topic, std::string_view name) {
    return {std::string(topic), std::string(name)};
}

Result<hub::DurableTerms> terms_of(const detail::Terms& terms) {
    const auto& again = terms.redelivery;
    if (again.timeout.count() <= 0 || again.first.count() <= 0 || again.most < again.first) {
        return Error{ErrorKind::invalid,
                     "Redelivery: timeout and first are above 0, and most not below first"};
    }
    hub::DurableTerms its;
    if (terms.from.kind() != From::Kind::automatic) its.from = from_of(terms.from);
    its.ack_timeout_ms = again.timeout.count();
    its.backoff_first_ms = again.first.count();
    its.backoff_max_ms = again.most.count();
    its.deliveries_max = again.attempts;
    its.exclusive = terms.guarantee == Guarantee::exactly_once;
    return its;
}

}  // namespace

hub::From from_of(const From& from) {
    using Kind = hub::From::Kind;
    switch (from.kind()) {
        case From::Kind::automatic:
        case From::Kind::now:
            return {.kind = Kind::now, .value = 0, .after = {}};
        case From::Kind::beginning:
            return {.kind = Kind::beginning, .value = 0, .after = {}};
        case From::Kind::last:
            return {.kind = Kind::newest, .value = from.value(), .after = {}};
        case From::Kind::offset:
            return {.kind = Kind::offset, .value = from.value(), .after = {}};
        case From::Kind::after:
            return {.kind = Kind::after, .value = 0, .after = {from.epoch(), from.value()}};
        case From::Kind::time:
            return {.kind = Kind::time, .value = from.value(), .after = {}};
    }
    return {};
}

Result<void> Named::check() const {
    if (durables_ != nullptr) return {};
    return Error{ErrorKind::unsupported,
                 "names need a journal: add a FileJournal or a SqliteJournal"};
}

Error Named::unknown(std::string_view topic, std::string_view name) const {
    return {ErrorKind::not_found,
            std::string(topic) + ": nothing is remembered of " + std::string(name)};
}

Result<hub::DurableRef> Named::open(std::string_view topic, const detail::Terms& terms, Now now) {
    TRY(check());
    TRY_AS(const auto its, terms_of(terms));
    TRY_AS(auto durable, durables_->open(app_, topic, terms.name, its, now));
    const std::lock_guard lock(mutex_);
    terms_[key_of(topic, terms.name)] = its;
    return durable;
}

bool Named::is_known(std::string_view topic, std::string_view name) {
    {
        const std::lock_guard lock(mutex_);
        if (terms_.contains(key_of(topic, name))) return true;
    }
    const auto saved = durables_->names(*app_, topic);
    return std::find(saved.begin(), saved.end(), name) != saved.end();
}

Result<hub::DurableRef> Named::find(std::string_view topic, std::string_view name, Now now) {
    TRY(check());
    if (!is_known(topic, name)) return unknown(topic, name);
    hub::DurableTerms its;
    {
        const std::lock_guard lock(mutex_);
        if (const auto at = terms_.find(key_of(topic, name)); at != terms_.end()) its = at->second;
    }
    return durables_->open(app_, topic, name, its, now);
}

std::vector<std::string> Named::names(std::string_view topic) {
    if (durables_ == nullptr) return {};
    return durables_->names(*app_, topic);
}

Result<void> Named::forget(std::string_view topic, std::string_view name) {
    TRY(check());
    if (!is_known(topic, name)) return unknown(topic, name);
    if (!durables_->forget(*app_, topic, name)) {
        return Error{ErrorKind::forbidden,
                     std::string(topic) + ": " + std::string(name) + " is subscribed"};
    }
    const std::lock_guard lock(mutex_);
    terms_.erase(key_of(topic, name));
    return {};
}

}  // namespace carillon::library
