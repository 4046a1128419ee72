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
