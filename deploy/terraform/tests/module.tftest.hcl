variables {
  image    = "registry.example/callboard:0.1.0"
  hostname = "board.example"
}

run "the_first_boot_is_a_cloud_config_that_starts_the_image" {
  command = plan

  assert {
    condition     = startswith(output.cloud_init, "#cloud-config\n") && can(yamldecode(output.cloud_init))
    error_message = "cloud-init does not read it"
  }

  assert {
    condition = one([
      for file in yamldecode(output.cloud_init).write_files : strcontains(file.content, "registry.example/callboard:0.1.0")
      if file.path == "/etc/systemd/system/callboard.service"
    ])
    error_message = "the unit does not start the image"
  }
}

run "nginx_listens_on_the_ports_of_the_machine_before_the_server_on_its_loopback" {
  command = plan

  assert {
    condition = one([
      for file in yamldecode(output.cloud_init).write_files : alltrue(concat(
        [for part in ["server 127.0.0.1:7070 max_fails=0;", "listen 80;", "listen 443 ssl;", "308 https://$host$request_uri"] :
        strcontains(file.content, part)],
        [for part in ["8443", "8080", "resolver ", " resolve;", "callboard:7070"] : !strcontains(file.content, part)],
      )) if file.path == "/etc/callboard/nginx.conf"
    ])
    error_message = "the configuration of nginx is not that of one machine"
  }

  assert {
    condition = one([
      for file in yamldecode(output.cloud_init).write_files : alltrue([
        for part in ["podman run", "/etc/callboard/nginx.conf:/etc/nginx/nginx.conf:ro", "nginx-unprivileged:"] :
        strcontains(file.content, part)
      ]) if file.path == "/etc/systemd/system/callboard-nginx.service"
    ])
    error_message = "nginx is not started from its image with that configuration"
  }

  assert {
    condition = one([
      for file in yamldecode(output.cloud_init).write_files :
      strcontains(file.content, "CALLBOARD_SERVER__TRUSTED_PROXIES=[\"127.0.0.1/32\"]") if file.path == "/etc/callboard/environment"
    ])
    error_message = "the server does not believe its nginx"
  }
}

run "a_container_that_a_loss_of_power_left_is_replaced" {
  command = plan

  assert {
    condition = alltrue([
      for file in yamldecode(output.cloud_init).write_files : strcontains(file.content, "podman run --rm --replace --name")
      if startswith(file.path, "/etc/systemd/system/")
    ])
    error_message = "a container of the same name stops the unit"
  }
}

run "a_store_in_postgresql_is_named_by_a_file" {
  command = plan

  variables {
    store_url = "postgres://callboard:secret@database.example/callboard"
  }

  assert {
    condition = one([
      for file in yamldecode(output.cloud_init).write_files :
      strcontains(file.content, "CALLBOARD_STORE__URL=file:/run/callboard/store-url") && !strcontains(file.content, "secret")
      if file.path == "/etc/callboard/environment"
    ])
    error_message = "the environment does not name the file, or has the address itself"
  }
}

run "an_image_without_a_version_is_refused" {
  command = plan

  variables {
    image = "registry.example/callboard:latest"
  }

  expect_failures = [var.image]
}

run "a_setting_that_is_none_is_refused" {
  command = plan

  variables {
    settings = { PATH = "/tmp" }
  }

  expect_failures = [terraform_data.first_boot]
}
