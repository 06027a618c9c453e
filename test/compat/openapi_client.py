"""A client in another language, made at run time from the server's own OpenAPI document.

Each operation becomes a method; what it may be given and what comes back is checked against the
document alone. `python3 openapi_client.py URL USER PASSWORD` goes through the resources.
"""

import base64
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    def __init__(self, body):
        super().__init__(body["message"])
        self.body = body


class Client:
    def __init__(self, url, user, password):
        self.auth = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        with urllib.request.urlopen(url + "/v1/openapi.json") as answer:
            self.document = json.load(answer)
        self.home = self.document["servers"][0]["url"]
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                setattr(self, operation["operationId"], self.operation(path, method, operation))

    def operation(self, path, method, operation):
        def call(**given):
            address, query, body = self.home + path, {}, None
            for parameter in operation["parameters"]:
                name = parameter["name"]
                if name not in given:
                    assert not parameter["required"], f"{name} is missing"
                    continue
                value = str(given.pop(name))
                if parameter["in"] == "path":
                    address = address.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
                else:
                    query[name] = value
            if "requestBody" in operation:
                ((_, content),) = operation["requestBody"]["content"].items()
                form = content["schema"]
                assert set(form.get("required", [])) <= set(given), form
                assert set(given) <= set(form["properties"]), given
                body = urllib.parse.urlencode(given).encode()
            else:
                assert not given, given
            if query:
                address += "?" + urllib.parse.urlencode(query)
            return self.send(address, method, body, operation["responses"])

        return call

    def send(self, address, method, body, responses):
        request = urllib.request.Request(address, body, {"Authorization": self.auth}, method=method.upper())
        try:
            with urllib.request.urlopen(request) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        assert str(status) in responses, f"{method} {address} answered {status}: {text!r}"
        content = responses[str(status)].get("content")
        if content is None:
            assert text == b""
            return None
        value = json.loads(text)
        self.check(value, content["application/json"]["schema"], address)
        if status >= 400:
            raise Refused(value)
        return value

    def check(self, value, schema, where):
        """As much of JSON Schema as the document uses."""
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        if isinstance(schema.get("type"), list):
            schema = {"anyOf": [{**schema, "type": one} for one in schema["type"]]}
        if "anyOf" in schema:
            failures = []
            for option in schema["anyOf"]:
                try:
                    return self.check(value, option, where)
                except AssertionError as failure:
                    failures.append(failure)
            raise AssertionError(f"{where}: {failures}")
        kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
        kind = schema.get("type")
        if kind in kinds:
            assert isinstance(value, kinds[kind]), f"{where} is {value!r}, not {kind}"
        if kind in ("integer", "number"):
            assert isinstance(value, (int, float)), f"{where} is {value!r}"
        if "enum" in schema:
            assert value in schema["enum"], f"{where} is {value!r}"
        if "pattern" in schema:
            assert re.search(schema["pattern"], value), f"{where} is {value!r}"
        if kind == "object":
            for name in schema.get("required", []):
                assert name in value, f"{where} has no {name}"
            for name, member in schema.get("properties", {}).items():
                if name in value:
                    self.check(value[name], member, f"{where}.{name}")
        if kind == "array":
            for item in value:
                self.check(item, schema["items"], where)


def main():
    client = Client(*sys.argv[1:4])
    device = client.listDevices(PageSize=10)["devices"][0]
    sid = device["sid"]
    assert client.fetchDevice(Sid=sid) == device
    assert client.updateDevice(Sid=sid, UniqueName="from python")["unique_name"] == "from python"
    assert client.fetchDevice(Sid="from python")["sid"] == sid
    for owner, noun in (({}, "Account"), ({"DeviceSid": sid}, "Device")):
        for store in ("Config", "Secret"):
            call = lambda verb, **more: getattr(client, f"{verb}{noun}{store}")(**owner, **more)
            assert call("create", Key="ä key", Value="1 & 2")["key"] == "ä key"
            assert ("value" in call("update", Key="ä key", Value="3")) == (store == "Config")
            items = getattr(client, f"list{noun}{store}s")(**owner)
            assert [item["key"] for item in items[items["meta"]["key"]]] == ["ä key"]
            assert call("delete", Key="ä key") is None
            try:
                call("fetch", Key="ä key")
                raise AssertionError("it is still there")
            except Refused as refused:
                assert refused.body["details"]["code"] == f"{store.upper()}_NOT_FOUND"
    app = client.listApps()["apps"][0]
    assert client.fetchAppManifest(AppSid=app["sid"])["hash"] == app["hash"]
    assert client.deleteApp(Sid=app["sid"]) is None
    print("all calls made")


main()
