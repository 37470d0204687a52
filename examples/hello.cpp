// examples/hello.cpp: one publishes, one hears.
#include <carillon/carillon.h>

#include <iostream>

int main() {
    carillon::Broker broker;
    auto print = [](const std::string& text) { std::cout << text << '\n'; };
    auto subscription = broker.subscribe("bells", print);
    if (!broker.publish("bells", "ding")) return 1;
    broker.drain();
}
// Prints:
// ding
