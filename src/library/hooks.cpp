// What a hook may do with a publication, and the hooks that we ship.
#include "carillon/hooks.h"

#include <cstdio>

#include "library/make_publication.h"
#include "library/typed_value.h"

namespace carillon {

using detail::as_publication;

std::uint64_t PublishEvent::client() const { return as_publication(publication()).origin().value; }

const void* PublishEvent::value_as(const detail::Type& type) const {
    const auto* value = library::TypedValue::of(as_publication(publication()));
    return value != nullptr && &value->message_type() == &type ? value->get() : nullptr;
}

void PublishEvent::replace_body(std::string_view body, Encoding encoding) {
    replaced_ =
        detail::replacement(publication(), {.topic = topic_, .body = body, .encoding = encoding});
}

void PublishEvent::replace_value(const detail::Type& type, const void* value) {
    replaced_ = detail::replacement(
        publication(), {.topic = topic_, .type = &type, .value = const_cast<void*>(value)});
}

// ---- Logging ----

Logging::Logging()
    : write_([](std::string_view line) {
          std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
      }) {}

void Logging::on_published(const PublishedEvent& event) {
    std::string line = "published ";
    line += event.topic;
    line += " matched=" + std::to_string(event.matched);
    write_(line);
}

Verdict Logging::on_subscribe(std::string_view topic) {
    write_("subscribed " + std::string(topic));
    return Verdict::pass();
}

void Logging::on_unsubscribe(std::string_view topic) {
    write_("unsubscribed " + std::string(topic));
}

// ---- Metrics ----

struct Metrics::Counts {
    std::atomic<std::uint64_t> published{0};
    std::atomic<std::uint64_t> matched{0};
    std::atomic<std::uint64_t> subscribed{0};
    std::atomic<std::uint64_t> unsubscribed{0};
};

Metrics::Metrics() : counts_(std::make_shared<Counts>()) {}

void Metrics::on_published(const PublishedEvent& event) {
    counts_->published.fetch_add(1, std::memory_order_relaxed);
    counts_->matched.fetch_add(event.matched, std::memory_order_relaxed);
}

Verdict Metrics::on_subscribe(std::string_view) {
    counts_->subscribed.fetch_add(1, std::memory_order_relaxed);
    return Verdict::pass();
}

void Metrics::on_unsubscribe(std::string_view) {
    counts_->unsubscribed.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Metrics::published() const { return counts_->published.load(); }
std::uint64_t Metrics::matched() const { return counts_->matched.load(); }

std::string Metrics::text() const {
    std::string out;
    const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
        out += std::string("# HELP ") + name + ' ' + help + "\n# TYPE " + name + " counter\n" +
               name + ' ' + std::to_string(value) + '\n';
    };
    counter("carillon_library_published_total", "Publications.", counts_->published.load());
    counter("carillon_library_matched_total", "Pairs of publication and subscriber.",
            counts_->matched.load());
    counter("carillon_library_subscribed_total", "Subscriptions asked for.",
            counts_->subscribed.load());
    counter("carillon_library_unsubscribed_total", "Subscriptions that ended.",
            counts_->unsubscribed.load());
    return out;
}

}  // namespace carillon
