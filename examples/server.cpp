// examples/server.cpp: a server in your program, with the page at "/". What you type, everybody hears
// who is in the channel "chat"; what they say there, you do. Ends with its input (Ctrl+D).
//   server [port]
#include <carillon/carillon.h>

#include <iostream>

int main(int argc, char** argv) {
    carillon::Listen listen{.bound = std::make_shared<std::uint16_t>()};
    if (argc > 1)
        listen.port = static_cast<std::uint16_t>(std::stoi(argv[1]));  // 0: any that is free
    auto started = carillon::Builder().with(listen).start();
    if (!started) {
        std::cerr << started.error().message << '\n';
        return 1;
    }
    carillon::Broker broker = *started;

    // Raw: whatever it is, as it came.
    auto chat = broker.subscribe("chat", [](const carillon::Raw& message) {
        std::cout << "chat: " << message.body << std::endl;
    });
    std::cout << "http://127.0.0.1:" << *listen.bound << '/' << std::endl;

    for (std::string line; std::getline(std::cin, line);) {
        auto sent = broker.publish("chat", line);
        if (!sent) std::cerr << sent.error().message << '\n';
    }
    broker.drain();
}
