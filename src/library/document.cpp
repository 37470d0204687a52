#include "carillon/detail/document.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "library/json_codec.h"
#include "library/msgpack_codec.h"
#include "library/spare.h"

namespace carillon::detail {

struct Scratch {
    library::JsonReader json;
    std::vector<Node> nodes;

    std::size_t bytes() const { return json.bytes() + nodes.capacity() * sizeof(Node); }
};

namespace {

constexpr std::size_t depth_ceiling = 1000;  // the stack: reading recurses

Result<void> read(std::string_view body, Encoding encoding, DecodeLimits limits, Scratch& scratch) {
    limits.depth_max = std::min(limits.depth_max, depth_ceiling);
    limits.bytes_max =
        std::min<std::size_t>(limits.bytes_max, std::numeric_limits<std::uint32_t>::max());
    if (body.size() > limits.bytes_max) {
        return Error{ErrorKind::too_large,
                     "the message has more bytes than " + std::to_string(limits.bytes_max)};
    }
    scratch.nodes.clear();
    if (encoding == Encoding::msgpack) {
        return library::msgpack::read(body, limits, scratch.nodes);
    }
    return scratch.json.read(body, limits, scratch.nodes);
}

}  // namespace

Document::Document(std::string_view body, Encoding encoding, const DecodeLimits& limits)
    : scratch_(library::Spare<Scratch>::take()) {
    auto done = read(body, encoding, limits, *scratch_);
    if (done) {
        root_ = scratch_->nodes.data();
    } else {
        error_ = std::move(done).error();
    }
}

Document::~Document() { library::Spare<Scratch>::give_back(scratch_); }

}  // namespace carillon::detail
