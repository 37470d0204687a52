#include "carillon/detail/writer.h"

#include <cmath>
#include <limits>

#include "auth/base64.h"
#include "base/buffer.h"
#include "json/write.h"
#include "library/json_codec.h"
#include "library/msgpack_codec.h"
#include "library/spare.h"

namespace carillon::detail {

namespace msgpack = library::msgpack;

struct Sheet {
    base::Buffer out;

    std::size_t bytes() const { return out.capacity(); }
};

namespace {

constexpr std::size_t depth_max_lenient = 1000;
constexpr std::size_t size_max = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Writer::Writer(Encoding encoding, bool lenient)
    : sheet_(library::Spare<Sheet>::take()),
      json_(encoding != Encoding::msgpack),
      lenient_(lenient) {
    sheet_->out.clear();
}

Writer::~Writer() { library::Spare<Sheet>::give_back(sheet_); }

std::string_view Writer::view() const { return sheet_->out.view(); }

void Writer::null() {
    if (!json_) return msgpack::append_nil(sheet_->out);
    separate();
    sheet_->out.append("null");
}

void Writer::boolean(bool value) {
    if (!json_) return msgpack::append_boolean(value, sheet_->out);
    separate();
    sheet_->out.append(value ? "true" : "false");
}

void Writer::integer(std::int64_t value) {
    if (!json_) return msgpack::append_integer(value, sheet_->out);
    separate();
    library::append_json(value, sheet_->out);
}

void Writer::unsigned_integer(std::uint64_t value) {
    if (!json_) return msgpack::append_unsigned(value, sheet_->out);
    separate();
    library::append_json(value, sheet_->out);
}

bool Writer::real(const Path* path, double value) {
    if (!json_) return msgpack::append_real(value, sheet_->out), true;
    if (!std::isfinite(value)) {
        if (lenient_) return null(), true;
        return fail(error_, path, "JSON has no infinity and no NaN");
    }
    separate();
    library::append_json(value, sheet_->out);
    return true;
}

bool Writer::single(const Path* path, float value) {
    if (!json_ || !std::isfinite(value)) return real(path, static_cast<double>(value));
    separate();
    library::append_json(value, sheet_->out);
    return true;
}

bool Writer::string(const Path* path, std::string_view text) {
    if (json_) {
        separate();
        return json_text(path, text);
    }
    if (!library::is_utf8(text)) return fail(error_, path, "is not UTF-8, as a string must be");
    if (!countable(path, text.size())) return false;
    msgpack::append_string(text, sheet_->out);
    return true;
}

bool Writer::binary(const Path* path, std::string_view bytes) {
    if (!json_) {
        if (!countable(path, bytes.size())) return false;
        msgpack::append_binary(bytes, sheet_->out);
        return true;
    }
    separate();
    sheet_->out.append('"');
    auth::append_base64(bytes, sheet_->out);
    sheet_->out.append('"');
    return true;
}

bool Writer::begin_array(const Path* path, std::size_t size) {
    if (!deeper(path)) return false;
    if (!json_) {
        if (!countable(path, size)) return false;
        msgpack::append_array_head(size, sheet_->out);
        return true;
    }
    separate();
    sheet_->out.append('[');
    return true;
}

void Writer::end_array() {
    --depth_;
    if (json_) sheet_->out.append(']');
}

bool Writer::begin_object(const Path* path, std::size_t size) {
    if (!deeper(path)) return false;
    if (!json_) {
        if (!countable(path, size)) return false;
        msgpack::append_map_head(size, sheet_->out);
        return true;
    }
    separate();
    sheet_->out.append('{');
    return true;
}

void Writer::end_object() {
    --depth_;
    if (json_) sheet_->out.append('}');
}

void Writer::member(std::string_view name) {
    if (!json_) return msgpack::append_string(name, sheet_->out);
    separate();
    char* to = sheet_->out.prepare(name.size() + 3);
    *to++ = '"';
    to = std::copy(name.begin(), name.end(), to);
    *to++ = '"';
    *to = ':';
    sheet_->out.commit(name.size() + 3);
}

bool Writer::key(const Path* path, std::string_view name) {
    if (!string(path, name)) return false;
    if (json_) sheet_->out.append(':');
    return true;
}

bool Writer::json_text(const Path* path, std::string_view text) {
    if (library::is_utf8(text)) {
        json::append_quoted(text, sheet_->out);
        return true;
    }
    if (!lenient_) return fail(error_, path, "is not UTF-8, as a string must be");
    json::append_quoted(library::repaired(text), sheet_->out);
    return true;
}

bool Writer::deeper(const Path* path) {
    const std::size_t depth_max = lenient_ ? depth_max_lenient : DecodeLimits{}.depth_max;
    if (depth_ < depth_max) return ++depth_, true;
    if (lenient_) return null(), false;
    fail(error_, path, "nested deeper than " + std::to_string(depth_max));
    error_.kind = ErrorKind::too_large;
    return false;
}

bool Writer::countable(const Path* path, std::size_t size) {
    if (size <= size_max) return true;
    fail(error_, path, "MessagePack counts to 2^32 - 1");
    error_.kind = ErrorKind::too_large;
    return false;
}

// A value or name that is not the first behind its bracket or colon. What was written tells: a
// string ends in its quote, so these three are never the end of a value.
void Writer::separate() {
    const std::string_view written = sheet_->out.view();
    if (written.empty()) return;
    const char last = written.back();
    if (last != '[' && last != '{' && last != ':') sheet_->out.append(',');
}

}  // namespace carillon::detail
