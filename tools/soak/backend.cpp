#include "soak/backend.h"

#include <algorithm>

#include "soak/client.h"
#include "soak/difference.h"

namespace soak {

Backend::Backend(bench::Poller& poller, std::uint16_t port, Ledger& ledger, double per_second)
    : Stream(poller, port),
      ledger_(ledger),
      voice_(ledger),
      period_ns_(static_cast<std::int64_t>(1e9 / per_second)) {
    connect(0);
}

void Backend::publish(const std::vector<std::size_t>& channels, std::size_t padding,
                      Client* excluded, std::int64_t now_ns) {
    std::string body = R"({"name":"soak","channels":[)";
    for (const auto channel : channels)
        body += text(channel == channels[0] ? "\"" : ",\"", name_of(channel), '"');
    body += text(R"(],"data":")", voice_.speak(channels, padding), '"');
    stamp_ = ledger_.stamp;
    if (excluded != nullptr) {
        body += text(R"(,"socket_id":")", excluded->socket_id(), '"');
        for (const auto channel : channels)
            excluded->exclude(channel, voice_.id(), voice_.sequence(channel));
    }
    send(bench::publish_request(app_, body + '}'));
    is_ready_ = false;
    published_++;
    // Late is late: no burst follows.
    next_ns_ = std::max(next_ns_ + period_ns_, now_ns);
}

// The body of a 200 is `{}` or `{"ok":true}`: whole when its Content-Length is there.
std::string_view Backend::on_bytes(std::string_view bytes) {
    const auto head = bytes.find("\r\n\r\n");
    if (head == std::string_view::npos) return bytes;
    if (!bytes.starts_with("HTTP/1.1 200")) differ("a publish was answered with: ", bytes);
    const auto at = std::min(bytes.find("Content-Length: "), head);
    const auto size =
        std::strtoul(std::string(bytes.substr(at, head - at)).c_str() + 16, nullptr, 10);
    if (bytes.size() < head + 4 + size) return bytes;
    ledger_.http_published++;
    ledger_.answered[voice_.id()] = stamp_;
    is_ready_ = true;
    return bytes.substr(head + 4 + size);
}

void Backend::on_end(std::string_view incomplete, bool) {
    differ("the server closed the connection of a backend, the last it said was: ", incomplete);
}

}  // namespace soak
