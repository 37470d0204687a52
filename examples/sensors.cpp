// examples/sensors.cpp: messages with a type, topics with a wildcard.
#include <carillon/carillon.h>

#include <iostream>

using carillon::Encoding, carillon::Raw;

struct Reading {
    std::string sensor;
    double celsius = 0;
    std::optional<std::string> note{};
};
CARILLON_DESCRIBE(Reading, sensor, celsius, note)

// Asked whenever a Reading is published or read; what it returns is why not.
std::string validate(const Reading& reading) {
    return reading.celsius < -273.15 ? "colder than cold" : "";
}

void print(const carillon::Error& error) { std::cout << "error: " << error.message << '\n'; }

int main() {
    auto broker = carillon::Builder().with(print).start().value();

    auto temperatures =
        broker.subscribe("sensor/+/temperature", [](const carillon::Delivery<Reading>& heard) {
            std::cout << heard.topic() << ": " << heard->celsius << '\n';
        });
    // The same messages, whatever is in them.
    int notes = 0;
    auto everything = broker.subscribe("sensor/#", [&](const carillon::Value& message) {
        if (!message["note"].is_null()) ++notes;
    });

    const auto tell = [&](std::string_view topic, const auto& message) {
        const auto sent = broker.publish(topic, message);
        if (!sent) print(sent.error());
        broker.drain();
    };
    tell("sensor/k1/temperature", Reading{"k1", 21.5});
    tell("sensor/k2/temperature", Reading{"k2", 19, "window open"});
    tell("sensor/k2/temperature", Reading{"k2", -300});
    tell("sensor/k3/humidity", Raw{Encoding::json, R"({"percent":40,"note":"dry"})"});
    // JSON from elsewhere is held to the same description. What that does not name is skipped.
    tell("sensor/k4/temperature", Raw{Encoding::json, R"({"sensor":"k4","celsius":4,"volt":3})"});
    tell("sensor/k4/temperature", Raw{Encoding::json, R"({"sensor":"k4","celsius":"warm"})"});
    std::cout << notes << " notes\n";
}
// Prints:
// sensor/k1/temperature: 21.5
// sensor/k2/temperature: 19
// error: sensor/k2/temperature: the message: colder than cold
// sensor/k4/temperature: 4
// error: sensor/k4/temperature: /celsius: expected a number, found a string
// 2 notes
