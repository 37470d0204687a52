#include "server/config_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "server/config_unbuilt.h"

namespace carillon::server {
namespace {

template <class Owner>
void expect_distinct_names(const std::vector<Field<Owner>>& fields,
                           const std::vector<std::string_view>& unbuilt) {
    std::set<std::string_view> seen(unbuilt.begin(), unbuilt.end());
    EXPECT_EQ(seen.size(), unbuilt.size());
    for (const auto& field : fields) {
        for (const auto name : {field.path, field.also, field.variable, field.flag}) {
            if (name.empty()) continue;
            EXPECT_TRUE(seen.insert(name).second) << name << " means two things";
        }
    }
}

TEST(ConfigFields, give_every_name_one_meaning) {
    expect_distinct_names(config_fields(), unbuilt_keys());
    expect_distinct_names(app_fields(), unbuilt_app_keys());
    expect_distinct_names(config_fields(), unbuilt_variables());
    expect_distinct_names(app_fields(), unbuilt_variables());
}

// What a field writes, it reads again and writes the same: the printed configuration can be
// trusted.
template <class Owner>
void expect_round_trips(const std::vector<Field<Owner>>& fields, Owner owner) {
    for (const auto& field : fields) {
        const auto written = field.value.write(owner);
        if (field.value.optional && written.empty()) continue;
        EXPECT_TRUE(field.value.read(owner, written)) << field.path << " = " << written;
        EXPECT_EQ(field.value.write(owner), written) << field.path;
    }
}

TEST(ConfigFields, read_what_they_write_and_accept_every_default) {
    expect_round_trips(config_fields(), Config{});
    expect_round_trips(app_fields(), demo_app({}));
}

// What may be empty: a list, and what stands before something else.
bool may_be_empty(const Field<Config>& field) {
    return field.value.kind == Value<Config>::Kind::list || field.path == "path_prefix" ||
           field.path == "metrics.prometheus.prefix";
}

TEST(ConfigFields, leave_the_owner_alone_when_the_text_is_not_what_they_expect) {
    for (const auto& field : config_fields()) {
        Config config;
        const auto before = field.value.write(config);
        EXPECT_TRUE(may_be_empty(field) || !field.value.read(config, "")) << field.path;
        EXPECT_FALSE(field.value.read(config, "a\nb")) << field.path;
        EXPECT_EQ(field.value.write(config), before) << field.path;
    }
}

TEST(ConfigFields, read_numbers_whole_and_within_their_range_only) {
    const auto& port = *std::ranges::find(config_fields(), "port", &Field<Config>::path);
    EXPECT_EQ(port.value.expected, "a number from 0 to 65535");
    Config config;
    for (const auto* text :
         {"65536", "-1", "1.0", "1e3", "0x10", " 1", "1 ", "+1", "99999999999999999999"}) {
        EXPECT_FALSE(port.value.read(config, text)) << text;
    }
    EXPECT_TRUE(port.value.read(config, "65535"));
    EXPECT_EQ(config.port, 65535);
}

TEST(ConfigFields, keep_kilobytes_as_bytes) {
    const auto& field =
        *std::ranges::find(app_fields(), "max_event_payload_in_kb", &Field<hub::App>::path);
    EXPECT_EQ(field.value.expected, "a number of kilobytes from 1 to 10240");
    hub::App app;
    EXPECT_TRUE(field.value.read(app, "10240"));
    EXPECT_EQ(app.limits.event_payload_bytes_max, 10U * 1024 * 1024);
    EXPECT_EQ(field.value.write(app), "10240");
}

template <class Owner>
const Value<Owner>& value_of(const std::vector<Field<Owner>>& fields, std::string_view path) {
    return std::ranges::find(fields, path, &Field<Owner>::path)->value;
}

TEST(ConfigFields, read_a_list_by_its_commas_without_the_space_around_them) {
    const auto& origins = value_of(config_fields(), "cors.origin");
    Config config;
    EXPECT_TRUE(origins.read(config, " https://a.example ,, *.b.example"));
    EXPECT_THAT(config.cors.origins, ::testing::ElementsAre("https://a.example", "*.b.example"));
    EXPECT_EQ(origins.write(config), "https://a.example,*.b.example");
    EXPECT_TRUE(origins.read(config, ""));
    EXPECT_THAT(config.cors.origins, ::testing::IsEmpty());
    EXPECT_FALSE(origins.read(config, "https://a.example, https://*.*.example"));
    EXPECT_FALSE(value_of(config_fields(), "cors.methods").read(config, "GET, PO ST"));
    EXPECT_FALSE(value_of(config_fields(), "cors.allowed_headers").read(config, "X-A, X:B"));
    EXPECT_EQ(config.cors.methods.size(), 3U);
}

TEST(ConfigFields, bring_the_path_prefix_into_one_form) {
    const auto& field = value_of(config_fields(), "path_prefix");
    Config config;
    const std::vector<std::pair<std::string, std::string>> cases{
        {"/", ""}, {"", ""}, {"/ws", "/ws"}, {"/ws/", "/ws"}, {"/a/b-1._~", "/a/b-1._~"}};
    for (const auto& [given, meant] : cases) {
        EXPECT_TRUE(field.read(config, given)) << given;
        EXPECT_EQ(config.path_prefix, meant);
    }
    for (const auto* text : {"ws", "//", "/a//b", "/a//", "/./a", "/..", "/{x}", "/a?b", "/a#b",
                             "/%41", "/a b", "/\xc3\xa4", "http://x/"}) {
        config.path_prefix = "/before";
        EXPECT_FALSE(field.read(config, text)) << text;
        EXPECT_EQ(config.path_prefix, "/before");
    }
}

TEST(ConfigFields, take_a_metrics_prefix_that_can_begin_a_name) {
    const auto& field = value_of(config_fields(), "metrics.prometheus.prefix");
    Config config;
    for (const auto* text : {"sockudo_", "_", "a9", "A", ""}) {
        EXPECT_TRUE(field.read(config, text)) << text;
        EXPECT_EQ(config.metrics.prefix, text);
    }
    for (const auto* text : {"9a", "a-b", "a:b", " ", "a "}) {
        EXPECT_FALSE(field.read(config, text)) << text;
    }
}

TEST(ConfigFields, take_no_zero_where_it_would_lock_everybody_out) {
    for (const auto* path : {"rate_limiter.api_rate_limit.max_requests",
                             "rate_limiter.websocket_rate_limit.max_requests",
                             "rate_limiter.api_rate_limit.window_seconds",
                             "rate_limiter.websocket_rate_limit.window_seconds",
                             "http_api.request_limit_in_mb", "idempotency.max_key_length"}) {
        Config config;
        EXPECT_FALSE(value_of(config_fields(), path).read(config, "0")) << path;
        EXPECT_TRUE(value_of(config_fields(), path).read(config, "1")) << path;
    }
}

TEST(ConfigFields, read_booleans_in_every_spelling_of_the_old_servers) {
    for (const auto* text : {"true", "TRUE", "1", "yes", "On"}) {
        bool value = false;
        EXPECT_TRUE(read_boolean(text, value)) << text;
        EXPECT_TRUE(value) << text;
    }
    for (const auto* text : {"false", "False", "0", "no", "OFF"}) {
        bool value = true;
        EXPECT_TRUE(read_boolean(text, value)) << text;
        EXPECT_FALSE(value) << text;
    }
    for (const bool before : {false, true}) {
        bool value = before;
        for (const auto* text : {"", "2", "tru", "yes ", "enabled"}) {
            EXPECT_FALSE(read_boolean(text, value)) << text;
            EXPECT_EQ(value, before) << text;
        }
    }
}

}  // namespace
}  // namespace carillon::server
