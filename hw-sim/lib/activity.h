// Counts how often each bit of a design changes between two samples. It reads the value-change dump
// that the tracing code of the model writes, straight from memory.

#ifndef RNNC_ACTIVITY_H
#define RNNC_ACTIVITY_H

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "verilated_vcd_c.h"

class ActivityCounter final : public VerilatedVcdFile {
 public:
  ActivityCounter() : vcd_(new VerilatedVcdC(this)) {}
  ~ActivityCounter() override { delete vcd_; }
  VerilatedVcdC* tracer() { return vcd_; }
  bool open() {
    vcd_->open("memory.vcd");
    return vcd_->isOpen();
  }
  void dump(uint64_t time) { vcd_->dump(time); }

  // The file that the dump is written to.
  bool open(const std::string&) override { return true; }
  void close() override {
    if (!closing_) {
      closing_ = true;
      vcd_->close();
    }
  }
  ssize_t write(const char* bytes, ssize_t count) override {
    for (ssize_t i = 0; i < count; ++i) {
      if (bytes[i] != '\n') {
        line_ += bytes[i];
        continue;
      }
      take(line_);
      line_.clear();
    }
    return count;
  }

  /// One line a name: `scope TAB signal TAB bits TAB toggles TAB code`.
  std::string report() const {
    std::string text;
    for (const Name& name : names_) {
      const Signal& signal = signals_[name.signal];
      text += name.scope + "\t" + name.name + "\t" + std::to_string(signal.bits) + "\t" +
              std::to_string(signal.toggles) + "\t" + std::to_string(name.signal) + "\n";
    }
    return text;
  }

 private:
  struct Signal {
    uint64_t bits = 0;
    uint64_t toggles = 0;
    std::string value;  // of the last sample; empty before the first
  };
  struct Name {
    std::string scope;
    std::string name;
    size_t signal;
  };

  static std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> words;
    size_t at = 0;
    while (at < line.size()) {
      if (line[at] == ' ' || line[at] == '\t') {
        ++at;
        continue;
      }
      size_t end = line.find_first_of(" \t", at);
      if (end == std::string::npos) end = line.size();
      words.push_back(line.substr(at, end - at));
      at = end;
    }
    return words;
  }

  void take(const std::string& line) {
    if (in_header_) {
      takeHeader(line);
    } else if (!line.empty() && (line[0] == '0' || line[0] == '1')) {
      change(line.substr(1), line.substr(0, 1));
    } else if (!line.empty() && line[0] == 'b') {
      const size_t space = line.find(' ');
      if (space != std::string::npos) change(line.substr(space + 1), line.substr(1, space - 1));
    }
  }

  void takeHeader(const std::string& line) {
    const std::vector<std::string> words = split(line);
    if (words.empty()) return;
    if (words[0] == "$enddefinitions") {
      in_header_ = false;
    } else if (words[0] == "$scope" && words.size() >= 3) {
      scopes_.push_back(words[2]);
    } else if (words[0] == "$upscope" && !scopes_.empty()) {
      scopes_.pop_back();
    } else if (words[0] == "$var" && words.size() >= 5) {
      auto found = codes_.find(words[3]);
      if (found == codes_.end()) {
        found = codes_.emplace(words[3], signals_.size()).first;
        signals_.emplace_back();
        signals_.back().bits = std::stoull(words[2]);
      }
      std::string scope;
      for (const std::string& part : scopes_) scope += (scope.empty() ? "" : ".") + part;
      names_.push_back({scope, words[4], found->second});
    }
  }

  void change(const std::string& code, const std::string& digits) {
    const auto found = codes_.find(code);
    if (found == codes_.end()) return;
    Signal& signal = signals_[found->second];
    std::string value(signal.bits > digits.size() ? signal.bits - digits.size() : 0, '0');
    value += digits;
    if (!signal.value.empty()) {
      for (size_t i = 0; i < value.size() && i < signal.value.size(); ++i) {
        if (value[i] != signal.value[i]) ++signal.toggles;
      }
    }
    signal.value = value;
  }

  VerilatedVcdC* vcd_;
  bool in_header_ = true;
  bool closing_ = false;
  std::string line_;
  std::vector<std::string> scopes_;
  std::vector<Signal> signals_;
  std::vector<Name> names_;
  std::unordered_map<std::string, size_t> codes_;
};

#endif
