// Any bytes read as MessagePack into many types: what is taken can be written again, in JSON too
// unless it holds an infinity, and reads back as the same; no length is believed that is not there.
// fuzzes: msgpack_codec.cpp reading.cpp writer.cpp value.cpp document.cpp
#include "base/assert.h"
#include "library/msgpack_codec.h"
#include "library/testing_fuzz.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string body(reinterpret_cast<const char*>(data), size);
    library::testing::try_all(body, Encoding::msgpack);
    std::vector<detail::Node> nodes;
    const auto read = library::msgpack::read(body, {}, nodes);
    ASSERT(nodes.size() <= size);
    ASSERT(nodes.capacity() <= 2 * size + 1);
    if (!read) ASSERT(!decode<Value>(body, Encoding::msgpack));
    // A body that is skipped whole is one that was read: nothing of it reaches who did not ask.
    const std::string unknown = "\x81\xa3new" + body;
    ASSERT(!read ||
           decode<library::testing::Nowhere>(unknown, Encoding::msgpack, {.depth_max = 33}));
    return 0;
}
