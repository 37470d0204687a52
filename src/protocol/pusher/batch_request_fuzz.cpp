// Any body a backend may post as a batch: no crash, and what is accepted says what each of its items
// says alone.
// fuzzes: publish_request.cpp
#include <boost/json.hpp>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "json/read.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/publish_request.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::unique_ptr<char[]> copy(new char[size + json::padding]);
    if (size != 0) std::memcpy(copy.get(), data, size);
    std::memset(copy.get() + size, '}', json::padding);

    const hub::AppLimits limits;
    const pusher::Options options;
    const pusher::PublishRules rules{limits, options};
    const auto batch = pusher::parse_batch_request({copy.get(), size}, rules);
    if (!batch.has_value()) {
        ASSERT(pusher::http_fault(batch.error()) != pusher::Fault::request_failed);
        return 0;
    }
    const auto& [items, key] = batch.value();
    ASSERT(items.size() <= limits.event_batch_max);
    ASSERT(key.size() <= options.idempotency_key_bytes_max);

    std::array members{json::Member{"batch"}};
    ASSERT(json::read_object({copy.get(), size}, members).has_value());
    const auto slices = json::read_array(members[0].text, size);
    ASSERT(slices.has_value() && slices.value().size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto alone = pusher::parse_publish_request(slices.value()[i], rules);
        ASSERT(alone.has_value());
        ASSERT(alone.value().event == items[i].event && alone.value().data == items[i].data);
        ASSERT(alone.value().channels == items[i].channels && !items[i].channels.empty());
    }
    return 0;
}
