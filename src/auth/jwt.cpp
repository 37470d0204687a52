#include "auth/jwt.h"

#include <algorithm>
#include <array>
#include <optional>

#include "auth/base64url.h"
#include "auth/jwt_claims.h"
#include "auth/jwt_key.h"
#include "json/plain.h"
#include "json/write.h"

namespace carillon::auth {
namespace {

struct Parts {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
    std::string_view signed_text;  // header "." payload
};

Error malformed(std::string_view why) { return refused(JwtFault::malformed, why); }

Result<Parts> split(std::string_view token) {
    if (token.size() > jwt_bytes_max) return refused(JwtFault::too_long, "the token is too long");
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos) {
        return malformed("the token does not have three parts");
    }
    // Of four parts, the last two are a signature that is not base64url.
    return Parts{.header = token.substr(0, first),
                 .payload = token.substr(first + 1, second - first - 1),
                 .signature = token.substr(second + 1),
                 .signed_text = token.substr(0, second)};
}

// `text` becomes what the part stands for, with the room behind it that reading JSON asks for.
Result<void> decode_part(std::string_view part, std::string& text) {
    const auto size = base64url_bytes(part.size());
    text.reserve(size + json::padding);
    text.resize(size);
    if (!decode_base64url(part, text.data())) return malformed("a part is not base64url");
    return {};
}

Error no_object() { return malformed("a part is no JSON object"); }

// The headers that libraries write when nobody asks for more, as they stand in a token: comparing is
// much cheaper than decoding and reading. All others are read.
struct KnownHeader {
    std::string_view part;
    JwtAlgorithm algorithm;
};
constexpr KnownHeader known_headers[] = {
    // {"alg":"…","typ":"JWT"}
    {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", JwtAlgorithm::hs256},
    {"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9", JwtAlgorithm::rs256},
    {"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9", JwtAlgorithm::es256},
    // {"typ":"JWT","alg":"…"}
    {"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9", JwtAlgorithm::hs256},
    {"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9", JwtAlgorithm::rs256},
    {"eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9", JwtAlgorithm::es256}};

struct Header {
    std::optional<JwtAlgorithm> algorithm;  // nothing: none of ours
    bool has_key_id;                        // the one that is asked for
};

// A text of the header is one of ours or it does not matter: no need to know what it says otherwise.
bool says(std::string_view value, std::string_view wanted) {
    if (!json::is_string(value)) return false;
    const auto text = json::decode_string(value);
    return text.has_value() && *text == wanted;
}

Result<Header> read_header(std::string_view part, const JwtRules& rules, std::string& scratch) {
    const auto* const known = std::ranges::find(known_headers, part, &KnownHeader::part);
    if (known != std::end(known_headers)) {
        return Header{.algorithm = known->algorithm, .has_key_id = rules.key_id.empty()};
    }
    std::array<json::Member, 3> wanted{{{"alg"}, {"kid"}, {"crit"}}};
    TRY(decode_part(part, scratch));
    if (!json::read_object(scratch, wanted).has_value()) return no_object();
    const auto& [alg, kid, crit] = wanted;
    // RFC 7515 §4.1.11: what is listed there must be understood, and we understand none.
    if (!crit.text.empty()) return malformed("the header asks for an extension");
    Header header{.algorithm = {}, .has_key_id = false};
    for (const auto ours : {JwtAlgorithm::hs256, JwtAlgorithm::rs256, JwtAlgorithm::es256}) {
        if (says(alg.text, name_of(ours))) header.algorithm = ours;
    }
    header.has_key_id = rules.key_id.empty() || says(kid.text, rules.key_id) ||
                        (!rules.key_id_previous.empty() && says(kid.text, rules.key_id_previous));
    return header;
}

// What a payload says: what the caller wants to know of it, and the registered claims. Nobody is to
// read by mistake what a refused token said, so unless it was good, nothing is left of it.
class Claims {
 public:
    Claims(std::string& payload, std::span<json::Member> wanted)
        : payload_(payload), wanted_(wanted) {
        for (auto& claim : wanted_) claim.text = {};
    }
    Claims(const Claims&) = delete;
    Claims& operator=(const Claims&) = delete;
    ~Claims() {
        if (good_) return;
        payload_.clear();
        for (auto& claim : wanted_) claim.text = {};
    }

    // Of the payload as it is now.
    Result<void> read() {
        if (json::read_plain_object(payload_, wanted_, registered_)) return {};
        std::vector<json::Member> all(wanted_.begin(), wanted_.end());
        all.insert(all.end(), registered_.begin(), registered_.end());
        if (!json::read_object(payload_, all).has_value()) return no_object();
        const auto border = all.begin() + static_cast<std::ptrdiff_t>(wanted_.size());
        std::copy(all.begin(), border, wanted_.begin());
        std::copy(border, all.end(), registered_.begin());
        return {};
    }
    Result<void> judge(const JwtRules& rules, std::int64_t unix_s) {
        for (const auto& claim : wanted_) {
            if (claim.text.empty()) return missing_claim(claim);
        }
        TRY(judge_claims(registered_, rules, unix_s));
        good_ = true;
        return {};
    }

 private:
    std::string& payload_;
    std::span<json::Member> wanted_;
    RegisteredClaims registered_ = registered_claims();
    bool good_ = false;
};

constexpr std::array<std::string_view, 3> algorithm_names{"HS256", "RS256", "ES256"};

constexpr std::array<std::string_view, jwt_faults> fault_names{
    "too_long", "malformed", "algorithm",     "key_id", "signature",
    "claim",    "expired",   "not_yet_valid", "issuer", "audience"};

}  // namespace

std::string_view name_of(JwtAlgorithm algorithm) {
    return algorithm_names[static_cast<std::size_t>(algorithm)];
}

std::string_view name_of(JwtFault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

JwtVerifier::JwtVerifier(std::vector<JwtKey> keys, JwtRules rules)
    : keys_(std::move(keys)), rules_(std::move(rules)) {}

Result<void> JwtVerifier::verify(std::string_view token, std::int64_t unix_s, std::string& payload,
                                 std::span<json::Member> claims) const {
    Claims found(payload, claims);
    TRY_AS(const auto parts, split(token));
    TRY_AS(const auto header, read_header(parts.header, rules_, payload));  // the room is reused
    TRY(decode_part(parts.payload, payload));
    TRY(found.read());
    std::array<char, base64url_bytes(jwt_bytes_max)> bytes;  // not filled: it may stay as it is
    if (!decode_base64url(parts.signature, bytes.data())) {
        return malformed("the signature is not base64url");
    }

    const auto agrees = [&](const JwtKey& key) { return key.algorithm() == header.algorithm; };
    const std::string_view signature(bytes.data(), base64url_bytes(parts.signature.size()));
    const auto verifies = [&](const JwtKey& key) {
        return agrees(key) && key.parsed_->verifies(parts.signed_text, signature);
    };
    if (std::ranges::none_of(keys_, agrees)) {
        return refused(JwtFault::algorithm, "the token is signed with another algorithm");
    }
    if (!header.has_key_id) return refused(JwtFault::key_id, "the token names another key");
    if (std::ranges::none_of(keys_, verifies)) {
        return refused(JwtFault::signature, "the signature is wrong");
    }
    return found.judge(rules_, unix_s);
}

Result<std::string> sign_jwt(const JwtKey& key, std::string_view payload, std::string_view key_id) {
    base::Buffer header;
    header.append(R"({"alg":")");
    header.append(name_of(key.algorithm()));
    header.append(R"(","typ":"JWT")");
    if (!key_id.empty()) {
        header.append(R"(,"kid":)");
        json::append_quoted(key_id, header);
    }
    header.append('}');
    std::string token;
    append_base64url(header.view(), token);
    token += '.';
    append_base64url(payload, token);
    TRY_AS(const auto signature, key.parsed_->sign(token));
    token += '.';
    append_base64url(signature, token);
    if (token.size() > jwt_bytes_max) {
        return Error{ErrorKind::too_large, "the token would be longer than any server takes"};
    }
    return token;
}

}  // namespace carillon::auth
