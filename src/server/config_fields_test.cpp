#include "server/config_fields.h"

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
        EXPECT_TRUE(field.value.read(owner, written)) << field.path << " = " << written;
        EXPECT_EQ(field.value.write(owner), written) << field.path;
    }
}

TEST(ConfigFields, read_what_they_write_and_accept_every_default) {
    expect_round_trips(config_fields(), Config{});
    expect_round_trips(app_fields(), demo_app({}));
}

TEST(ConfigFields, leave_the_owner_alone_when_the_text_is_not_what_they_expect) {
    for (const auto& field : config_fields()) {
        Config config;
        const auto before = field.value.write(config);
        EXPECT_FALSE(field.value.read(config, "")) << field.path;
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
